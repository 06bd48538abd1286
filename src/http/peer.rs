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
        let before = buf.filled().len();
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            let room = buf.remaining();
            // Less than there is room for is all there was: told so by `WouldBlock`, tokio waits for the next event
            // at once, which spares the read that would find nothing. Its own streams do the same. What comes
            // meanwhile is an event after the one that `try_io` noted before the read, and is not forgotten with it.
            let read = self.0.try_io(Interest::READABLE, || {
                // Into memory as it is: zeroing hyper's buffer first costs more than the read.
                let bytes = self.0.try_read_buf(buf)?;
                if (1..room).contains(&bytes) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match read {
                _ if buf.filled().len() > before => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                ended => return Poll::Ready(ended),
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_short_read_forgets_nothing_that_comes_after_it() {
        const SOON: Duration = Duration::from_secs(5);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut ours = Peer::new(listener.accept().await.unwrap().0);
        let watching = ours.clone();
        let left = tokio::spawn(async move { watching.left().await });
        let mut part = [0; 100];
        for n in 0..200_u8 {
            theirs.write_all(&[n; 3]).await.unwrap();
            assert_eq!(timeout(SOON, ours.read(&mut part)).await.unwrap().unwrap(), 3);
            assert_eq!(part[0], n);
            let mut none = ReadBuf::new(&mut part);
            let waits = poll_fn(|cx| Poll::Ready(Pin::new(&mut ours).poll_read(cx, &mut none).is_pending())).await;
            assert!(waits, "nothing is there until more is sent");
        }
        // More than one read takes.
        theirs.write_all(&[7; 250]).await.unwrap();
        let mut all = vec![0; 250];
        timeout(SOON, ours.read_exact(&mut all)).await.unwrap().unwrap();
        assert!(!left.is_finished());
        drop(theirs);
        assert_eq!(timeout(SOON, ours.read(&mut part)).await.unwrap().unwrap(), 0);
        timeout(SOON, left).await.unwrap().unwrap();
    }
}
