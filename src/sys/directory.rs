//! The names in a directory: getdents64(2), with a buffer that takes those of most directories at once. (The C library's readdir does the same
//! with three system calls more, and its entries do not know how long their names are.)

use nix::errno::Errno;
use std::ffi::CStr;
use std::os::fd::AsRawFd;

/// An entry, as the kernel writes it: inode and offset (8 bytes each), its own length, type, and the name with a NUL and padding.
const LENGTH_AT: usize = 16;
const TYPE_AT: usize = 18;
const NAME_AT: usize = 19;

const BUFFER: usize = 64 << 10;

/// Show each name in a directory to `visit`, in the directory's order, among them `.` and `..`, and whether it may be that of a directory.
///
/// # Errors
/// ENOENT, ENOTDIR, EACCES and others of open(2).
pub fn read(path: &CStr, mut visit: impl FnMut(&[u8], bool)) -> Result<(), Errno> {
    let directory = loop {
        match crate::sys::fd::open_lowest(path, libc::O_RDONLY | libc::O_DIRECTORY, 0) {
            Err(Errno::EINTR) => {}
            result => break result?,
        }
    };
    let mut buffer: Vec<u8> = Vec::with_capacity(BUFFER);
    loop {
        // SAFETY: the kernel writes at most BUFFER bytes into memory that is ours.
        let got = unsafe { libc::syscall(libc::SYS_getdents64, directory.as_raw_fd(), buffer.as_mut_ptr(), BUFFER) };
        let got = match Errno::result(got) {
            Ok(0) => return Ok(()),
            Ok(got) => usize::try_from(got).unwrap_or(0),
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        // SAFETY: so many bytes were written.
        unsafe { buffer.set_len(got) };
        let mut rest = &buffer[..];
        while let Some((entry, behind)) = first_entry(rest) {
            rest = behind;
            let name = &entry[NAME_AT..];
            // The padding is less than 8 bytes, and a NUL is the last that counts.
            let end = name.len().saturating_sub(8);
            let length = end + name[end..].iter().position(|&byte| byte == 0).unwrap_or(name.len() - end);
            visit(&name[..length], matches!(entry[TYPE_AT], libc::DT_DIR | libc::DT_LNK | libc::DT_UNKNOWN));
        }
    }
}

/// The first entry, and what is behind it.
#[inline]
fn first_entry(entries: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[low, high] = entries.get(LENGTH_AT..TYPE_AT)? else { return None };
    let length = usize::from(u16::from_ne_bytes([low, high]));
    (length > NAME_AT).then(|| entries.split_at_checked(length))?
}
