//! Pieces of files on their way to clients: read into buffers that are used again, without a change of thread where
//! the system has the bytes at hand.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::spawn_blocking;

/// Most bytes of a piece.
pub(super) const MOST: usize = 1 << 18;
/// Most buffers that are kept for later.
const KEPT: usize = 64;

/// Buffers that nobody uses; the last one used is the first one taken, while the processor still has it near.
static BUFFERS: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

/// A buffer that holds bytes of a file in its front, and goes back when it is dropped.
struct Piece {
    buffer: Box<[u8]>,
    length: usize,
}

impl Piece {
    fn empty() -> Self {
        let kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { buffer: kept.unwrap_or_else(|| vec![0; MOST].into_boxed_slice()), length: 0 }
    }

    /// Fills the piece with up to `wanted` bytes from a position of a file on; blocks.
    fn fill(mut self, file: &File, at: u64, wanted: usize) -> io::Result<Self> {
        while self.length < wanted {
            let Some(rest) = self.buffer.get_mut(self.length..wanted) else { break };
            match read_at(file, rest, at + self.length as u64) {
                Ok(0) => break,
                Ok(read) => self.length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self)
    }

    fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut buffers = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        if buffers.len() < KEPT {
            buffers.push(std::mem::take(&mut self.buffer));
        }
    }
}

fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, at);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, at);
}

/// Reads what the system has in memory; `None` where it would have to wait, or cannot tell.
#[cfg(target_os = "linux")]
fn read_at_hand(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    preadv2(file, &mut [io::IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT).ok()
}

#[cfg(not(target_os = "linux"))]
fn read_at_hand(_file: &File, _buffer: &mut [u8], _at: u64) -> Option<usize> {
    None
}

/// Returns the next bytes of a file from a position on: at most `wanted` and at most [`MOST`], and at least one.
///
/// # Errors
/// What the system says, and an unexpected end where the file is shorter.
pub(super) async fn read(file: &Arc<File>, at: u64, wanted: u64) -> io::Result<Bytes> {
    let wanted = usize::try_from(wanted).unwrap_or(MOST).min(MOST);
    let mut piece = Piece::empty();
    if let Some(buffer) = piece.buffer.get_mut(..wanted)
        && let Some(read) = read_at_hand(file, buffer, at).filter(|read| *read > 0)
    {
        piece.length = read;
        return Ok(piece.into_bytes());
    }
    let file = Arc::clone(file);
    let piece = spawn_blocking(move || piece.fill(&file, at, wanted)).await??;
    match piece.length {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(piece.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn every_byte_comes_once_and_a_short_file_is_an_error() {
        let mut file = tempfile::tempfile().expect("a file");
        let bytes: Vec<u8> = (0..MOST as u32 * 2 + 77).map(|number| (number % 251) as u8).collect();
        file.write_all(&bytes).expect("the disk has room");
        let file = Arc::new(file);
        let mut found = Vec::new();
        while found.len() < bytes.len() {
            let left = (bytes.len() - found.len()) as u64;
            found.extend_from_slice(&read(&file, found.len() as u64, left).await.expect("bytes"));
        }
        assert_eq!(found, bytes);
        assert_eq!(read(&file, 5, 3).await.expect("bytes"), bytes[5..8]);
        let end = read(&file, bytes.len() as u64, 1).await.expect_err("there is no more");
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }
}
