//! See `patchbay_fuzz::connector`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::connector(data));
