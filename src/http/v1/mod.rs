//! The typed API: one file for each noun, and what they share.

mod attempt;
mod batches;
mod bulk_operations;
mod claim;
mod cursor;
mod enqueue;
mod events;
mod export;
mod fields;
mod hint;
mod info;
mod job;
mod job_filter;
mod jobs;
mod links;
mod list;
mod members;
mod nested;
mod new_job;
mod paging;
mod params;
mod policy;
mod queues;
mod reports;
mod request;
mod schedule_fields;
mod schedules;
mod settle;
mod texts;
mod timeseries;
mod work;
mod workers;

pub use export::Exports;
use utoipa_axum::router::OpenApiRouter;

use super::App;

/// The documented routes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(enqueue::router())
        .merge(list::router())
        .merge(export::router())
        .merge(jobs::router())
        .merge(claim::router())
        .merge(work::router())
        .merge(settle::router())
        .merge(workers::router())
        .merge(queues::router())
        .merge(schedules::router())
        .merge(batches::router())
        .merge(bulk_operations::router())
        .merge(reports::router())
        .merge(events::router())
        .merge(info::router())
}
