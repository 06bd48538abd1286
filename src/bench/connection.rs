//! A client of the API as any other: one connection, one request after the other.

use std::pin::Pin;
use std::task::{Context, Poll};
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
    #[error("no user and password in the URL: a bench speaks to the server itself")]
    Credentials,
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
        if url.contains('@') {
            return Err(Error::Credentials);
        }
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
    /// What reads and writes, while a request is under way; `None` when it has ended. No task of its own: it would
    /// have to be woken for each.
    stream: Option<Stream>,
}

type Stream = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

impl Connection {
    pub(super) async fn open(server: &Server) -> Result<Self, Error> {
        let unreachable = |error| Error::Unreachable(server.url.clone(), error);
        let stream = TcpStream::connect(&server.authority).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let (sender, stream) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { server: server.clone(), sender, stream: Some(stream) })
    }

    /// Sends a request once; answers status and body.
    async fn once(&mut self, method: &Method, path: &str, body: &Bytes) -> Result<(StatusCode, Bytes), Error> {
        // A server closes what was idle for long, which shows here.
        let stream = &mut self.stream;
        std::future::poll_fn(|context| {
            go_on(stream, context);
            Poll::Ready(())
        })
        .await;
        if self.sender.is_closed() || self.stream.is_none() {
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

/// Reads and writes what can be. A stream that has ended is dropped, which is what tells those who wait for its answer.
fn go_on(stream: &mut Option<Stream>, context: &mut Context<'_>) {
    if stream.as_mut().is_some_and(|open| Pin::new(open).poll(context).is_ready()) {
        *stream = None;
    }
}

/// What becomes of `answer`, which comes over `stream`.
async fn over<T>(stream: &mut Option<Stream>, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut answer = std::pin::pin!(answer);
    let both = std::future::poll_fn(|context| {
        if let Poll::Ready(answer) = answer.as_mut().poll(context) {
            return Poll::Ready(answer);
        }
        go_on(stream, context);
        Poll::Pending
    });
    // They tell each other by waking the task that polls them both.
    in_place(std::pin::pin!(both)).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn an_address_is_read_or_refused() {
        assert_eq!(Server::parse("http://127.0.0.1:5000/").unwrap().authority, "127.0.0.1:5000");
        assert_eq!(Server::parse("http://jobs.example.com").unwrap().authority, "jobs.example.com:80");
        for wrong in ["https://x", "127.0.0.1:5000", "http://", "http://x/v1", "http://me:secret@x"] {
            let error = Server::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    /// A server that closes each connection after so many answers.
    async fn closing(answers: usize) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                for _ in 0..answers {
                    let mut head = [0; 4096];
                    let bytes = stream.read(&mut head).await.unwrap();
                    assert!(head[..bytes].ends_with(b"\r\n\r\n"));
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                }
            }
        });
        server
    }

    #[tokio::test]
    async fn a_server_that_closes_is_asked_again_or_told_of() {
        let within = std::time::Duration::from_secs(30);
        let mut patient = Connection::open(&closing(1).await).await.unwrap();
        for _ in 0..20 {
            let mut refused = 0;
            let answer = patient.send(Method::GET, "/", Bytes::new(), &mut refused);
            assert_eq!(tokio::time::timeout(within, answer).await.unwrap().unwrap(), "ok");
            // Its end has come before the next request.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let silent = closing(0).await;
        for _ in 0..20 {
            let Ok(mut connection) = Connection::open(&silent).await else { continue };
            let mut refused = 0;
            let answer = connection.send(Method::GET, "/", Bytes::new(), &mut refused);
            assert!(tokio::time::timeout(within, answer).await.unwrap().is_err(), "and does not wait for ever");
        }
    }
}
