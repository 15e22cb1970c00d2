//! IMS `ListVirtualMFADevices` over HTTP.

use std::sync::Arc;

use super::{AccountClient, ListMfaDevices, MfaDevicePage, Operation, Page, SourceError, decode::decode_mfa_devices};

/// The most that the API takes, and its default: sent, so that the default may change.
const MAX_ITEMS: &str = "100";

impl ListMfaDevices for Arc<AccountClient> {
    async fn list_mfa_devices(&self, marker: Option<&str>) -> Result<MfaDevicePage, SourceError> {
        let mut params = vec![("MaxItems".to_owned(), MAX_ITEMS.to_owned())];
        params.extend(marker.map(|marker| ("Marker".to_owned(), marker.to_owned())));
        let (listing, received) = self.call_apart(Operation::ListVirtualMfaDevices, params, decode_mfa_devices).await?;
        Ok(MfaDevicePage {
            page: Page {
                items: listing.items,
                rejected: listing.rejected,
                observed_at: received.at,
                skew: received.skew,
            },
            is_truncated: listing.is_truncated,
            marker: listing.marker,
        })
    }
}
