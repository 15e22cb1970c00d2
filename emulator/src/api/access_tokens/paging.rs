//! What a server may do with `PageNumber` and `PageSize`.

use super::ApiError;
use crate::request::GatewayRequest;

/// The published page size where none is asked for.
const DEFAULT_PAGE_SIZE: usize = 20;
/// Larger ones are cut down to it.
const MAX_PAGE_SIZE: usize = 50;

/// The four behaviours; which of them the real gateway has is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paging {
    /// Both are honoured: 20 a page unless asked otherwise, never more than 50.
    #[default]
    Honoured,
    /// Both are ignored, and everything is answered.
    IgnoredAll,
    /// Both are ignored, and the first so many are answered; `TotalCount` tells the truth.
    IgnoredFirst(usize),
    /// A request with either is refused with 400 `InvalidParameter`; others are answered with the first so many, or all.
    Rejected {
        /// How many are answered to a request without paging parameters; `None` for all.
        first: Option<usize>,
    },
}

/// Which of the matching items to answer, and what to echo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) page_number: usize,
    pub(super) page_size: usize,
}

impl Window {
    pub(super) fn of(request: &GatewayRequest, paging: Paging, page_limit: usize) -> Result<Self, ApiError> {
        match paging {
            Paging::Honoured => {
                let page_number = positive(request, "PageNumber")?.unwrap_or(1);
                let page_size = positive(request, "PageSize")?.unwrap_or(DEFAULT_PAGE_SIZE);
                let page_size = page_size.min(MAX_PAGE_SIZE).min(page_limit);
                let offset = (page_number - 1).saturating_mul(page_size);
                Ok(Self { offset, limit: page_size, page_number, page_size })
            }
            Paging::IgnoredAll => Ok(Self::first(usize::MAX)),
            Paging::IgnoredFirst(limit) => Ok(Self::first(limit)),
            Paging::Rejected { first } => {
                let sent = ["PageNumber", "PageSize"].into_iter().find(|name| request.parameter(name).is_some());
                match sent {
                    Some(name) => Err(ApiError::invalid_parameter(name)),
                    None => Ok(Self::first(first.unwrap_or(usize::MAX))),
                }
            }
        }
    }

    fn first(limit: usize) -> Self {
        Self { offset: 0, limit, page_number: 1, page_size: DEFAULT_PAGE_SIZE }
    }
}

fn positive(request: &GatewayRequest, name: &str) -> Result<Option<usize>, ApiError> {
    let Some(text) = request.parameter(name) else { return Ok(None) };
    match text.parse::<usize>() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(ApiError::invalid_parameter(name)),
    }
}
