//! See `patchbay_fuzz::mcp::mcp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::mcp::mcp(data));
