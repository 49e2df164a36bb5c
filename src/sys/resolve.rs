//! Names of hosts and services to addresses and back: getaddrinfo(3), getnameinfo(3), getservbyport(3).

use crate::sys::socket::Name;
use std::ffi::{CStr, CString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ptr;

/// Why a name has no address: the C library's symbol (EAI_NONAME, ...; of a failed system call its own), and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// `EAI_NONAME`
    pub symbol: String,
    /// `Name or service not known`
    pub words: String,
}

impl Unresolved {
    fn new(symbol: &str, words: impl Into<String>) -> Self {
        Self { symbol: symbol.to_owned(), words: words.into() }
    }
}

/// As an errno is told: `EAI_NONAME: Name or service not known`.
impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.symbol, self.words)
    }
}

/// The addresses of `host` (`None`: the loopback interface) and `service`, in the order in which they should be tried.
/// `family` is AF_INET, AF_INET6 or AF_UNSPEC; with `numeric` no name server is asked.
///
/// # Errors
/// Unknown name, no address of that family, no name server that answers, ...
pub fn addresses(
    host: Option<&[u8]>,
    service: &[u8],
    family: libc::c_int,
    kind: libc::c_int,
    numeric: bool,
) -> Result<Vec<SocketAddr>, Unresolved> {
    if let Some(address) = host.and_then(|host| in_digits(host, service, family)) {
        return Ok(vec![address]);
    }
    if !service.is_empty() && service.iter().all(u8::is_ascii_digit) && port(service).is_none() {
        // The C library would cut it down to 16 bits.
        return Err(Unresolved::new("EAI_SERVICE", "port number too large"));
    }
    let nul = |_| Unresolved::new("EAI_NONAME", "a name with a NUL byte");
    let host = host.map(CString::new).transpose().map_err(nul)?;
    let service = CString::new(service).map_err(nul)?;
    // SAFETY: all zeros is a valid addrinfo: no flags, null pointers.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = family;
    hints.ai_socktype = kind;
    hints.ai_flags = if numeric { libc::AI_NUMERICHOST } else { 0 };
    let mut list = ptr::null_mut();
    let host = host.as_ref().map_or(ptr::null(), |host| host.as_ptr());
    // SAFETY: the strings end with a NUL; `hints` and `list` are initialised.
    let code = unsafe { libc::getaddrinfo(host, service.as_ptr(), &raw const hints, &raw mut list) };
    if code != 0 {
        return Err(unresolved(code));
    }
    let mut found = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: getaddrinfo has made a list of initialised values, ended by a null pointer.
        let info = unsafe { *at };
        found.extend(address(&info));
        at = info.ai_next;
    }
    // SAFETY: the list is from getaddrinfo and not used any more.
    unsafe { libc::freeaddrinfo(list) };
    found.dedup();
    Ok(found)
}

/// A host and a service that are numbers already, in the usual form, need no resolver.
fn in_digits(host: &[u8], service: &[u8], family: libc::c_int) -> Option<SocketAddr> {
    let address = SocketAddr::new(std::str::from_utf8(host).ok()?.parse().ok()?, port(service)?);
    let wanted = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    [libc::AF_UNSPEC, wanted].contains(&family).then_some(address)
}

/// The port whose digits these are.
fn port(service: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(service).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

fn address(info: &libc::addrinfo) -> Option<SocketAddr> {
    match info.ai_family {
        libc::AF_INET => {
            // SAFETY: an entry of that family points to a sockaddr_in.
            let inet = unsafe { info.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(inet.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(inet.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: an entry of that family points to a sockaddr_in6.
            let inet = unsafe { info.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(inet.sin6_addr.s6_addr);
            let port = u16::from_be(inet.sin6_port);
            Some(SocketAddr::V6(SocketAddrV6::new(ip, port, inet.sin6_flowinfo, inet.sin6_scope_id)))
        }
        _ => None,
    }
}

fn unresolved(code: libc::c_int) -> Unresolved {
    let symbol = match code {
        libc::EAI_SYSTEM => {
            let errno = nix::errno::Errno::last();
            return Unresolved::new(&format!("{errno:?}"), errno.desc());
        }
        libc::EAI_NONAME => "EAI_NONAME",
        libc::EAI_AGAIN => "EAI_AGAIN",
        libc::EAI_FAIL => "EAI_FAIL",
        libc::EAI_NODATA => "EAI_NODATA",
        libc::EAI_SERVICE => "EAI_SERVICE",
        libc::EAI_FAMILY => "EAI_FAMILY",
        libc::EAI_SOCKTYPE => "EAI_SOCKTYPE",
        libc::EAI_MEMORY => "EAI_MEMORY",
        libc::EAI_OVERFLOW => "EAI_OVERFLOW",
        libc::EAI_BADFLAGS => "EAI_BADFLAGS",
        // netdb.h of glibc has it under _GNU_SOURCE.
        -9 => "EAI_ADDRFAMILY",
        _ => "EAI",
    };
    // SAFETY: gai_strerror touches no memory of ours.
    let text = unsafe { libc::gai_strerror(code) };
    // SAFETY: it returns a string of the C library for every number.
    let text = unsafe { CStr::from_ptr(text) };
    Unresolved::new(symbol, text.to_string_lossy())
}

/// The host's name for an address, if it can be found; the number if not.
pub fn host_of(name: &SocketAddr) -> String {
    let mut host = [0u8; 1025];
    let (mut v4, mut v6);
    let (pointer, length) = match name {
        SocketAddr::V4(inet) => {
            // SAFETY: all zeros is a valid sockaddr_in.
            v4 = unsafe { std::mem::zeroed::<libc::sockaddr_in>() };
            v4.sin_family = libc::AF_INET as libc::sa_family_t;
            v4.sin_addr.s_addr = u32::from_ne_bytes(inet.ip().octets());
            ((&raw const v4).cast::<libc::sockaddr>(), size_of::<libc::sockaddr_in>())
        }
        SocketAddr::V6(inet) => {
            // SAFETY: all zeros is a valid sockaddr_in6.
            v6 = unsafe { std::mem::zeroed::<libc::sockaddr_in6>() };
            v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            v6.sin6_addr.s6_addr = inet.ip().octets();
            v6.sin6_scope_id = inet.scope_id();
            ((&raw const v6).cast::<libc::sockaddr>(), size_of::<libc::sockaddr_in6>())
        }
    };
    // SAFETY: the pointers and lengths describe an initialised address and `host`; no service is asked for.
    let code = unsafe {
        libc::getnameinfo(
            pointer,
            length as libc::socklen_t,
            host.as_mut_ptr().cast(),
            host.len() as libc::socklen_t,
            ptr::null_mut(),
            0,
            0,
        )
    };
    match CStr::from_bytes_until_nul(&host) {
        Ok(text) if code == 0 => text.to_string_lossy().into_owned(),
        _ => name.ip().to_string(),
    }
}

/// The name of the service at a port (services(5)) for `tcp` or `udp`.
pub fn service_of(port: u16, protocol: &CStr) -> Option<String> {
    // SAFETY: the protocol ends with a NUL.
    let entry = unsafe { libc::getservbyport(libc::c_int::from(port.to_be()), protocol.as_ptr()) };
    // SAFETY: not null, so it points to an entry that is good until the next call.
    let entry = unsafe { entry.as_ref() }?;
    // SAFETY: the name of an entry is a string.
    let name = unsafe { CStr::from_ptr(entry.s_name) };
    Some(name.to_string_lossy().into_owned())
}

/// The port of a service.
pub fn port_of(service: &[u8], protocol: &CStr) -> Option<u16> {
    let service = CString::new(service).ok()?;
    // SAFETY: both strings end with a NUL.
    let entry = unsafe { libc::getservbyname(service.as_ptr(), protocol.as_ptr()) };
    // SAFETY: not null, so it points to an entry that is good until the next call.
    let entry = unsafe { entry.as_ref() }?;
    Some(u16::from_be(entry.s_port as u16))
}

/// The same host and port as a name.
impl From<SocketAddr> for Name {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}
