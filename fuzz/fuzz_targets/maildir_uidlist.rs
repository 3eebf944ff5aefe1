//! See the body of this name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry_fuzz::maildir_uidlist(data));
