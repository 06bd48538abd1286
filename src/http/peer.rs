//! The client's end of a connection: its stream, and whether it is still there.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A stream that the server reads and writes while a handler may look at it.
#[derive(Debug, Clone)]
pub(super) struct Peer(Arc<TcpStream>);

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }

    /// Until the client has shut its side. Most have left then; one that has said all and
    /// still listens cannot be told from them, so whoever waits with this ends the wait with
    /// an answer. Takes nothing from the stream.
    pub(super) async fn left(&self) {
        let mut byte = [0];
        loop {
            match self.0.peek(&mut byte).await {
                Ok(0) | Err(_) => return,
                // It has sent its next request already: its end is behind that.
                Ok(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }
}

impl AsyncRead for Peer {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            let (before, room) = (buf.filled().len(), buf.remaining());
            let read = self.0.try_io(Interest::READABLE, || {
                // Into memory as it is: zeroing hyper's buffer first costs more than the read.
                let bytes = self.0.try_read_buf(buf)?;
                // Less than there is room for is all there was. Saying so here, before more can come
                // unnoticed, spares the read that would find nothing; tokio's own streams do the same.
                if (1..room).contains(&bytes) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && buf.filled().len() == before => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl AsyncWrite for Peer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        use std::os::fd::AsRawFd as _;
        match nix::sys::socket::shutdown(self.0.as_raw_fd(), nix::sys::socket::Shutdown::Write) {
            // A client that is gone has shut it for us.
            Ok(()) | Err(nix::errno::Errno::ENOTCONN) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}
