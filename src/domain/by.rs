//! Who asks for a change, as the audit log keeps it.

use std::net::IpAddr;

use serde::Serialize;

use super::JobState;

/// Who asks for a change. All of it may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct By {
    /// Whom the request names; none while requests name nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Of the client, not of a proxy that is trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

impl By {
    /// The one parameter by which statements are told.
    pub fn to_json(&self) -> String {
        // Texts and an address: it can be written.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// For whom a single job is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// Somebody who asks for this job: the audit log has a row.
    Person(By),
    /// A bulk operation, whose own rows the log has: only while the job is in one of these states.
    Bulk(Vec<JobState>),
}

impl Asker {
    /// Who is in the audit log.
    pub fn noted(&self) -> Option<String> {
        match self {
            Self::Person(by) => Some(by.to_json()),
            Self::Bulk(_) => None,
        }
    }

    /// The states in which the job is meant; `None` for any.
    pub fn states(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::Person(_) => None,
            Self::Bulk(states) => Some(states.iter().map(|state| state.as_str()).collect()),
        }
    }

    /// Whether the job is meant while it is in this state.
    pub fn means(&self, state: JobState) -> bool {
        match self {
            Self::Person(_) => true,
            Self::Bulk(states) => states.contains(&state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(By::default().to_json(), "{}");
        let by = By { request_id: Some("a\"b".to_owned()), ip: Some([192, 0, 2, 1].into()), ..By::default() };
        assert_eq!(by.to_json(), r#"{"request_id":"a\"b","ip":"192.0.2.1"}"#);
    }
}
