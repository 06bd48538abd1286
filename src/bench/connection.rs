//! A client of the API as any other: one connection, one request after the other.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::in_place::in_place;

/// Where the server is, for requests and for people.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) url: String,
    authority: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0:?} is no address like http://127.0.0.1:5000; https is not spoken here")]
    Address(String),
    #[error("no server at {0}: {1}")]
    Unreachable(String, #[source] std::io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error("there are jobs in the queue that are no bench's; they come back when their leases run out")]
    Foreign,
    #[error("{0} {1}: {2}")]
    Refused(StatusCode, String, String),
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let authority = authority.filter(|rest| !rest.is_empty() && !rest.contains('/'));
        let authority = authority.ok_or_else(|| Error::Address(url.to_owned()))?;
        let port = if authority.contains(':') { "" } else { ":80" };
        Ok(Self { url: url.to_owned(), authority: format!("{authority}{port}") })
    }
}

pub(super) struct Connection {
    server: Server,
    sender: http1::SendRequest<Full<Bytes>>,
    /// What reads and writes, while a request is under way. No task of its own: it would have to be woken for each.
    stream: Stream,
}

type Stream = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

impl Connection {
    pub(super) async fn open(server: &Server) -> Result<Self, Error> {
        let unreachable = |error| Error::Unreachable(server.url.clone(), error);
        let stream = TcpStream::connect(&server.authority).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let (sender, stream) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { server: server.clone(), sender, stream })
    }

    /// Sends a request once; answers status and body.
    async fn once(&mut self, method: &Method, path: &str, body: &Bytes) -> Result<(StatusCode, Bytes), Error> {
        // A server closes what was idle for long, which shows here.
        let stream = &mut self.stream;
        let has_ended = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll(context).is_ready()));
        if self.sender.is_closed() || has_ended.await {
            *self = Self::open(&self.server).await?;
        }
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers
            .insert("host", self.server.authority.parse().unwrap_or(axum::http::HeaderValue::from_static("presque")));
        if !body.is_empty() {
            headers.insert("content-type", axum::http::HeaderValue::from_static("application/json"));
        }
        let Self { sender, stream, .. } = self;
        let answer = async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            Ok((status, response.into_body().collect().await?.to_bytes()))
        };
        over(stream, answer).await
    }

    /// Sends a request, again after 503 and 429, which are counted in `refused`.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
        refused: &mut u64,
    ) -> Result<Bytes, Error> {
        loop {
            let (status, bytes) = self.once(&method, path, &body).await?;
            if status.is_success() {
                return Ok(bytes);
            }
            if status != StatusCode::SERVICE_UNAVAILABLE && status != StatusCode::TOO_MANY_REQUESTS {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                return Err(Error::Refused(status, path.to_owned(), text));
            }
            *refused += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn post(&mut self, path: &str, body: Bytes, refused: &mut u64) -> Result<Bytes, Error> {
        self.send(Method::POST, path, body, refused).await
    }

    /// What stands there; `None` if nothing does.
    pub(super) async fn find(&mut self, path: &str) -> Result<Option<Value>, Error> {
        match self.send(Method::GET, path, Bytes::new(), &mut 0).await {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(Error::Refused(StatusCode::NOT_FOUND, ..)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What becomes of `answer`, which comes over `stream`.
async fn over<T>(stream: &mut Stream, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut answer = std::pin::pin!(answer);
    let mut is_open = true;
    let both = std::future::poll_fn(|context| {
        if let Poll::Ready(answer) = answer.as_mut().poll(context) {
            return Poll::Ready(answer);
        }
        // What goes wrong the answer is told.
        is_open = is_open && Pin::new(&mut *stream).poll(context).is_pending();
        Poll::Pending
    });
    // They tell each other by waking the task that polls them both.
    in_place(std::pin::pin!(both)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_or_refused() {
        assert_eq!(Server::parse("http://127.0.0.1:5000/").unwrap().authority, "127.0.0.1:5000");
        assert_eq!(Server::parse("http://jobs.example.com").unwrap().authority, "jobs.example.com:80");
        for wrong in ["https://x", "127.0.0.1:5000", "http://", "http://x/v1"] {
            assert!(Server::parse(wrong).is_err(), "{wrong}");
        }
    }
}
