//! Connections to the database send what is written at once.
//!
//! sqlx 0.9.0 leaves Nagle's algorithm on (sqlx issue 4335, mended after it): the end of a short COPY, a message by itself,
//! then waits for the server's delayed acknowledgement, 40 ms. sqlx hands out no socket, so this looks for it among those
//! of the process. It goes as soon as sqlx does it by itself.

/// Turns Nagle's algorithm off for every connection of this process to a server's `port`. Where the system does not let
/// it, and but on Linux, all stays as it is.
pub fn send_at_once(port: u16) {
    #[cfg(target_os = "linux")]
    if let Err(error) = linux::send_at_once(port) {
        tracing::debug!(%error, "short COPYs to the database are delayed");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = port;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{io, net::SocketAddr, os::fd::RawFd};

    use rustix::{
        net::{getpeername, sockopt::set_tcp_nodelay},
        process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
    };

    pub(super) fn send_at_once(port: u16) -> io::Result<()> {
        let this = pidfd_open(getpid(), PidfdFlags::empty())?;
        for entry in std::fs::read_dir("/proc/self/fd")? {
            let number = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok());
            let socket = number.map(|number| pidfd_getfd(&this, number, PidfdGetfdFlags::empty()));
            let socket = match socket {
                Some(Ok(socket)) => socket,
                // Closed since it was listed.
                None | Some(Err(rustix::io::Errno::BADF)) => continue,
                Some(Err(error)) => return Err(error.into()),
            };
            // Most have no peer.
            let peer = getpeername(&socket).ok().flatten().and_then(|peer| SocketAddr::try_from(peer).ok());
            if peer.is_some_and(|peer| peer.port() == port) {
                set_tcp_nodelay(&socket, true)?;
            }
        }
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_to_the_port_send_at_once_and_no_others() {
        let [(_server, port, client), (_other, _, bystander)] = [(); 2].map(|()| {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let addr = listener.local_addr().unwrap();
            (listener, addr.port(), TcpStream::connect(addr).unwrap())
        });
        send_at_once(port);
        assert!(client.nodelay().unwrap() && !bystander.nodelay().unwrap());
    }
}
