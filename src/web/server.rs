//! Listens, serves, and stops when told to.

use std::{future::IntoFuture, io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{WebState, routes::router};

/// How long requests under way may take after the stop; a client that sends nothing must not hold it up.
const GRACE: Duration = Duration::from_secs(5);

/// Why the status page is not served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The port is taken, or the address is not of this machine: choose another.
    #[error("http.listen: cannot listen on {listen}: {error}; set another address there, or \"off\"")]
    Listen {
        /// What was asked for.
        listen: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The listener broke.
    #[error("the status page stopped: {0}")]
    Serve(io::Error),
}

/// A server that has its port and answers nothing yet.
#[derive(Debug)]
pub struct BoundServer {
    listener: TcpListener,
    address: SocketAddr,
    state: WebState,
    pub(super) grace: Duration,
}

/// Takes the port, so that a taken one is known before anything else begins.
///
/// # Errors
/// [`WebError::Listen`].
pub async fn bind(listen: SocketAddr, state: WebState) -> Result<BoundServer, WebError> {
    let refused = |error| WebError::Listen { listen, error };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok(BoundServer { listener, address, state, grace: GRACE })
}

impl BoundServer {
    /// Where it listens; the port is a real one where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The status page, for a browser on this machine.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv6() { [0, 0, 0, 0, 0, 0, 0, 1].into() } else { [127, 0, 0, 1].into() });
        }
        format!("http://{address}/")
    }

    /// Answers until `stop`, then lets the requests under way end, for five seconds at most.
    ///
    /// # Errors
    /// [`WebError::Serve`].
    pub async fn serve(self, stop: CancellationToken) -> Result<(), WebError> {
        let serving = axum::serve(self.listener, router(self.state))
            .with_graceful_shutdown(stop.clone().cancelled_owned())
            .into_future();
        let out_of_patience = async {
            stop.cancelled().await;
            tokio::time::sleep(self.grace).await;
        };
        tokio::select! {
            served = serving => served.map_err(WebError::Serve),
            () = out_of_patience => Ok(()),
        }
    }
}
