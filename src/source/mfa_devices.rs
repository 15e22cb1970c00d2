//! IMS `ListVirtualMFADevices` over HTTP.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    AccountClient, ListMfaDevices, MfaDevicePage, MfaDeviceQuery, Operation, Page, SourceError,
    decode::{Decode, Malformed, Members, MfaDeviceListing, decode_mfa_devices, skim_mfa_devices},
};
use crate::inventory::{Listed, MfaDevice};

/// The most that the API takes, and its default: sent, so that the default may change.
const MAX_ITEMS: &str = "100";

impl ListMfaDevices for Arc<AccountClient> {
    async fn list_mfa_devices(&self, query: MfaDeviceQuery<'_>) -> Result<MfaDevicePage, SourceError> {
        let mut params = vec![("MaxItems".to_owned(), MAX_ITEMS.to_owned())];
        params.extend(query.marker.map(|marker| ("Marker".to_owned(), marker.to_owned())));
        let reading = Reading { reads_all: query.reads_all };
        let (listing, received) = self.call(Operation::ListVirtualMfaDevices, &params, reading).await?;
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

struct Reading {
    reads_all: bool,
}

impl Decode<MfaDeviceListing<Listed<MfaDevice>>> for Reading {
    fn skim(&self, body: &Bytes) -> Option<MfaDeviceListing<Listed<MfaDevice>>> {
        skim_mfa_devices(body, self.reads_all)
    }

    fn decode(&self, members: &Members<'_>) -> Result<MfaDeviceListing<Listed<MfaDevice>>, Malformed> {
        let MfaDeviceListing { items, rejected, is_truncated, marker } = decode_mfa_devices(members)?;
        let items = items.into_iter().map(Listed::from).collect();
        Ok(MfaDeviceListing { items, rejected, is_truncated, marker })
    }
}
