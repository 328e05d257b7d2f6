//! See `patchbay_fuzz::sealed::sealed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::sealed::sealed(data));
