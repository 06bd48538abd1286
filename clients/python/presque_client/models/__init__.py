"""Contains all the data models used in inputs/outputs"""

from .alive import Alive
from .attempt import Attempt
from .attempt_page import AttemptPage
from .batch import Batch
from .batch_page import BatchPage
from .bulk_operation import BulkOperation
from .bulk_operation_page import BulkOperationPage
from .cancel_job_request import CancelJobRequest
from .claim_request import ClaimRequest
from .claim_response import ClaimResponse
from .claimed_job import ClaimedJob
from .classic_command import ClassicCommand
from .classic_control import ClassicControl
from .classic_counts import ClassicCounts
from .classic_error import ClassicError
from .classic_jobs import ClassicJobs
from .classic_queue_workers import ClassicQueueWorkers
from .classic_queues import ClassicQueues
from .classic_status import ClassicStatus
from .classic_status_policy import ClassicStatusPolicy
from .classic_updated import ClassicUpdated
from .classic_worker import ClassicWorker
from .complete_job_request import CompleteJobRequest
from .enqueue_jobs_request import EnqueueJobsRequest
from .enqueue_jobs_response import EnqueueJobsResponse
from .enqueue_result import EnqueueResult
from .error_group import ErrorGroup
from .error_group_page import ErrorGroupPage
from .event import Event
from .event_page import EventPage
from .fail_job_request import FailJobRequest
from .field_error import FieldError
from .heartbeat_job_request import HeartbeatJobRequest
from .job import Job
from .job_error import JobError
from .job_failure import JobFailure
from .job_filter import JobFilter
from .job_page import JobPage
from .job_state import JobState
from .job_status import JobStatus
from .latency_stats import LatencyStats
from .lease import Lease
from .limits import Limits
from .log_line import LogLine
from .new_batch import NewBatch
from .new_bulk_operation import NewBulkOperation
from .new_job import NewJob
from .pause_queue_request import PauseQueueRequest
from .problem import Problem
from .queue import Queue
from .queue_page import QueuePage
from .queue_policy import QueuePolicy
from .ready import Ready
from .release_job_request import ReleaseJobRequest
from .retry_job_request import RetryJobRequest
from .schedule import Schedule
from .schedule_page import SchedulePage
from .series import Series
from .series_point import SeriesPoint
from .server_info import ServerInfo
from .settle_item import SettleItem
from .settle_request import SettleRequest
from .settle_response import SettleResponse
from .settle_result import SettleResult
from .signal_worker_request import SignalWorkerRequest
from .state_counts import StateCounts
from .string_map import StringMap
from .summary import Summary
from .summary_row import SummaryRow
from .time_series import TimeSeries
from .token import Token
from .trigger_schedule_request import TriggerScheduleRequest
from .update_job_request import UpdateJobRequest
from .upsert_queue_request import UpsertQueueRequest
from .upsert_schedule_request import UpsertScheduleRequest
from .worker import Worker
from .worker_directive import WorkerDirective
from .worker_heartbeat_request import WorkerHeartbeatRequest
from .worker_lease import WorkerLease
from .worker_page import WorkerPage

__all__ = (
    "Alive",
    "Attempt",
    "AttemptPage",
    "Batch",
    "BatchPage",
    "BulkOperation",
    "BulkOperationPage",
    "CancelJobRequest",
    "ClaimedJob",
    "ClaimRequest",
    "ClaimResponse",
    "ClassicCommand",
    "ClassicControl",
    "ClassicCounts",
    "ClassicError",
    "ClassicJobs",
    "ClassicQueues",
    "ClassicQueueWorkers",
    "ClassicStatus",
    "ClassicStatusPolicy",
    "ClassicUpdated",
    "ClassicWorker",
    "CompleteJobRequest",
    "EnqueueJobsRequest",
    "EnqueueJobsResponse",
    "EnqueueResult",
    "ErrorGroup",
    "ErrorGroupPage",
    "Event",
    "EventPage",
    "FailJobRequest",
    "FieldError",
    "HeartbeatJobRequest",
    "Job",
    "JobError",
    "JobFailure",
    "JobFilter",
    "JobPage",
    "JobState",
    "JobStatus",
    "LatencyStats",
    "Lease",
    "Limits",
    "LogLine",
    "NewBatch",
    "NewBulkOperation",
    "NewJob",
    "PauseQueueRequest",
    "Problem",
    "Queue",
    "QueuePage",
    "QueuePolicy",
    "Ready",
    "ReleaseJobRequest",
    "RetryJobRequest",
    "Schedule",
    "SchedulePage",
    "Series",
    "SeriesPoint",
    "ServerInfo",
    "SettleItem",
    "SettleRequest",
    "SettleResponse",
    "SettleResult",
    "SignalWorkerRequest",
    "StateCounts",
    "StringMap",
    "Summary",
    "SummaryRow",
    "TimeSeries",
    "Token",
    "TriggerScheduleRequest",
    "UpdateJobRequest",
    "UpsertQueueRequest",
    "UpsertScheduleRequest",
    "Worker",
    "WorkerDirective",
    "WorkerHeartbeatRequest",
    "WorkerLease",
    "WorkerPage",
)
