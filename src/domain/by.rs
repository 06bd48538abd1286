//! Who asks for a change, as the audit log keeps it.

use std::net::IpAddr;

use serde::Serialize;

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
