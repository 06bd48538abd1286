//! Accepting connections, and the limits that keep a slow or silent client from holding
//! one: hyper alone has no defence against a client that trickles.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep};
use tokio_util::task::TaskTracker;

use super::peer::Peer;
use super::site::Site;
use crate::in_place::in_place;
use crate::lifecycle::Lifecycle;

/// From the first byte of a request to the end of its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Between two requests on one connection; longer than the 60 s of usual load balancers,
/// so that they close first and never send into a closing connection.
const IDLE_WITHIN: Duration = Duration::from_secs(75);
/// Without a byte of the answer accepted by the client.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// And for all of it: a second more than that for each of these that it accepted.
const WRITE_BYTES_PER_SECOND: u64 = 4 * 1024;
/// Request line and headers together; hyper answers a bare 431 above it. What is refused with a
/// problem, in `request.rs`, is less than half as large.
const HEAD_BYTES_MAX: usize = 80 * 1024;
const HEADERS_MAX: usize = 200;

/// Serves connections until the soft stop, then waits for the open ones until the hard stop.
pub async fn serve(listener: TcpListener, site: Site, connections_max: usize, lifecycle: &Lifecycle) {
    let places = Arc::new(Semaphore::new(connections_max));
    let tracker = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = lifecycle.soft_stop.cancelled() => break,
            accepted = async {
                let place = places.clone().acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        match accepted {
            (Ok((stream, peer)), place) => {
                let connection = one(stream, peer, site.clone(), lifecycle.clone());
                tracker.spawn(async move {
                    in_place(std::pin::pin!(connection)).await;
                    drop(place);
                });
            }
            (Err(error), _) => {
                // Out of file descriptors, or a client that left already: neither ends the server.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    tracker.close();
    tokio::select! {
        () = tracker.wait() => {}
        () = lifecycle.hard_stop.cancelled() => {}
    }
}

/// Serves one connection to its end.
async fn one(stream: TcpStream, peer: SocketAddr, site: Site, lifecycle: Lifecycle) {
    // Small answers go out at once; an error means the client is gone already.
    let _ = stream.set_nodelay(true);
    let client = Peer::new(stream);
    let phase = Phase::default();
    let handler = {
        let client = client.clone();
        let phase = phase.clone();
        hyper::service::service_fn(move |request: Request<Incoming>| {
            phase.set(Phase::BUSY);
            let phase = phase.clone();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(client.clone());
            let site = site.clone();
            // On the heap, where connections that ask for nothing have none of it.
            Box::pin(async move {
                let response = site.answer(request).await;
                phase.set(Phase::IDLE);
                Ok::<_, Infallible>(response)
            })
        })
    };
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        // A client that has said all may shut its side and still wait for the answer; those
        // who wait for long look whether it did, see `Peer::left`.
        .half_close(true)
        .serve_connection(TokioIo::new(Guarded::new(client, phase)), handler);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = lifecycle.soft_stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = lifecycle.hard_stop.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}

/// What a connection is doing, shared between its stream and its handler.
#[derive(Debug, Clone, Default)]
struct Phase(Arc<AtomicU8>);

impl Phase {
    /// Between requests.
    const IDLE: u8 = 0;
    /// Some bytes of a request's head have come.
    const HEAD: u8 = 1;
    /// A request is with its handler, which bounds its body itself.
    const BUSY: u8 = 2;

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream whose reads fail when a request's head takes too long, and whose writes fail
/// when the client accepts nothing.
struct Guarded<S> {
    stream: S,
    phase: Phase,
    head: Option<Pin<Box<Sleep>>>,
    stalled_write: Option<Pin<Box<Sleep>>>,
    /// Since when the client holds back what it was sent, and how much it took since then.
    slow_since: Option<Instant>,
    taken: u64,
}

impl<S> Guarded<S> {
    fn new(stream: S, phase: Phase) -> Self {
        Self { stream, phase, head: None, stalled_write: None, slow_since: None, taken: 0 }
    }

    /// Bounds a write that the client's window holds back.
    fn bound_write(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.stalled_write = None;
            self.taken += *bytes as u64;
            let earned = Duration::from_secs(self.taken / WRITE_BYTES_PER_SECOND);
            if self.slow_since.is_some_and(|since| since.elapsed() > WRITE_WITHIN + earned) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        if written.is_ready() {
            return written;
        }
        if self.slow_since.is_none() {
            (self.slow_since, self.taken) = (Some(Instant::now()), 0);
        }
        let stalled = self.stalled_write.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_WITHIN)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if this.phase.get() == Phase::IDLE && buf.filled().len() > before {
            this.phase.set(Phase::HEAD);
            this.slow_since = None;
            this.head = Some(Box::pin(tokio::time::sleep_until(Instant::now() + HEADERS_WITHIN)));
        }
        if this.phase.get() != Phase::HEAD {
            this.head = None;
        }
        if read.is_pending()
            && let Some(deadline) = &mut this.head
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.bound_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.bound_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_accepts_nothing_is_cut_off() {
        let (ours, _theirs) = duplex(64);
        let mut guarded = Guarded::new(ours, Phase::default());
        let begun = Instant::now();
        let error = guarded.write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, WRITE_WITHIN.as_secs()));
    }

    /// Sends 400 KB to a client that reads `size` bytes at a time, a pause before each.
    async fn sent_to_a_reader_of(size: usize, pause: Duration) -> io::Result<()> {
        let (ours, mut theirs) = duplex(size);
        let reader = tokio::spawn(async move {
            let mut part = vec![0; size];
            loop {
                tokio::time::sleep(pause).await;
                if theirs.read(&mut part).await.is_ok_and(|read| read == 0) {
                    return;
                }
            }
        });
        let sent = Guarded::new(ours, Phase::default()).write_all(&vec![0; 400_000]).await;
        reader.abort();
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_served_and_one_that_trickles_is_not() {
        sent_to_a_reader_of(50_000, WRITE_WITHIN / 4).await.unwrap();
        let error = sent_to_a_reader_of(1000, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn the_head_of_a_request_is_bounded_and_its_body_and_idleness_are_not() {
        let (ours, mut theirs) = duplex(64);
        let phase = Phase::default();
        let mut guarded = Guarded::new(ours, phase.clone());
        let mut part = [0; 8];
        let idle = tokio::time::timeout(HEADERS_WITHIN * 3, guarded.read(&mut part)).await;
        assert!(idle.is_err(), "an idle connection is left alone");
        theirs.write_all(b"GE").await.unwrap();
        assert_eq!(guarded.read(&mut part).await.unwrap(), 2);
        let begun = Instant::now();
        let error = guarded.read(&mut part).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, HEADERS_WITHIN.as_secs()));
        phase.set(Phase::BUSY);
        let body = tokio::time::timeout(HEADERS_WITHIN * 3, guarded.read(&mut part)).await;
        assert!(body.is_err(), "a body is bounded by whoever reads it");
    }
}
