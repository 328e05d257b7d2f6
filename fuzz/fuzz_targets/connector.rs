//! See `patchbay_fuzz::format::connector`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::format::connector(data));
