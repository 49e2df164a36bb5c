//! The wall clock as people read it: localtime_r(3) and strftime(3).

use std::ffi::CString;

/// The time now in the user's time zone, as strftime(3) writes it; empty if it cannot.
pub fn local_time(format: &str) -> String {
    let Ok(format) = CString::new(format) else { return String::new() };
    // SAFETY: a null pointer asks for the value alone.
    let now = unsafe { libc::time(std::ptr::null_mut()) };
    // SAFETY: all zeros is a valid tm.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both point to initialised values.
    if unsafe { libc::localtime_r(&raw const now, &raw mut parts) }.is_null() {
        return String::new();
    }
    let mut text = [0u8; 128];
    // SAFETY: the pointer and the length describe `text`; the format ends with a NUL.
    let length = unsafe { libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), &raw const parts) };
    String::from_utf8_lossy(&text[..length]).into_owned()
}
