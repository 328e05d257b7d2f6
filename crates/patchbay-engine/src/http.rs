//! Outbound HTTP: the egress crate under the name that this crate's modules use.

pub(crate) use patchbay_egress::*;
