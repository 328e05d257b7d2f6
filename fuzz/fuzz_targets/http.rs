//! See `patchbay_fuzz::http::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::http::http(data));
