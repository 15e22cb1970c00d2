//! An emulated Alibaba Cloud.
