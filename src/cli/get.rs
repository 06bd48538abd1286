//! A GET over http or https, whose answer comes in parts.

use std::error::Error;
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::{Request, Response, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// All that comes before the body: TLS as well.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Why there is no answer.
pub(super) type Unreachable = Box<dyn Error + Send + Sync>;

/// The head of the answer; its body follows. A user and password in the URL are sent as basic authentication.
///
/// For https the machine's certificates are trusted, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`; where a machine
/// has none, as in small images, those of Mozilla. No proxy is used, and where the server sends elsewhere (3xx) is for
/// the caller to look at. An error if there is no head within a minute.
pub(super) async fn get(url: &str) -> Result<Response<Incoming>, Unreachable> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let is_tls = match scheme {
        Some("http") => false,
        Some("https") => true,
        _ => return Err("a URL begins with http:// or https://".into()),
    };
    let uri: Uri = url.parse()?;
    let mut request = Request::get(&uri).header(USER_AGENT, concat!("presque/", env!("CARGO_PKG_VERSION")));
    if let Some(basic) = authorization(&uri) {
        request = request.header(AUTHORIZATION, basic);
    }
    let request = request.body(Empty::new())?;
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_WITHIN));
    if !is_tls {
        return over(connector, request).await;
    }
    connector.enforce_http(false);
    let are_named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
    let tls = match HttpsConnectorBuilder::new().with_native_roots() {
        Err(_) if !are_named => HttpsConnectorBuilder::new().with_webpki_roots(),
        roots => roots?,
    };
    over(tls.https_only().enable_http1().wrap_connector(connector), request).await
}

async fn over<C>(connector: C, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, Unreachable>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let answer = Client::builder(TokioExecutor::new()).build(connector).request(request);
    Ok(timeout(ANSWER_WITHIN, answer).await.map_err(|_elapsed| "no answer within a minute")??)
}

/// The server of a URL, for people: without a password.
pub(super) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (&url[..scheme.len() + 3], rest));
    let authority = rest.split('/').next().unwrap_or_default();
    format!("{scheme}{}", authority.rsplit('@').next().unwrap_or_default())
}

/// What the URL says of who asks.
fn authorization(uri: &Uri) -> Option<String> {
    let (who, _host) = uri.authority()?.as_str().rsplit_once('@')?;
    let (user, password) = who.split_once(':').unwrap_or((who, ""));
    let both = [percent_decode_str(user).collect(), percent_decode_str(password).collect::<Vec<u8>>()].join(&b':');
    Some(format!("Basic {}", STANDARD.encode(both)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_told_as_the_url_says() {
        let told = |url: &str| authorization(&url.parse().unwrap());
        assert_eq!(told("http://jobs.example.com/v1"), None);
        // RFC 7617, section 2.
        assert_eq!(told("https://Aladdin:open%20sesame@x/").unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(told("http://key@x:5000/").unwrap(), format!("Basic {}", STANDARD.encode("key:")));
        for (url, text) in [
            ("https://Aladdin:open%20sesame@x:5000/base", "https://x:5000"),
            ("http://x/a@b", "http://x"),
            ("127.0.0.1:5000", "127.0.0.1:5000"),
        ] {
            assert_eq!(shown(url), text);
        }
    }
}
