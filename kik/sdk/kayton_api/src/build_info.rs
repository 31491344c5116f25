//! The C data symbol `kayton_plugin_build` that every plugin and the bridge carry.

/// First word of the record: "KAYN".
pub const KAYTON_BUILD_MAGIC: u32 = 0x4b41_594e;
/// Version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit hash of the compiler that builds this crate.
pub const RUSTC_COMMIT: &str = env!("KAYTON_RUSTC_COMMIT");
/// "1.95.0".
pub const RUSTC_RELEASE: &str = env!("KAYTON_RUSTC_RELEASE");
/// Target triple.
pub const TARGET: &str = env!("KAYTON_TARGET");

/// Plain data, read from the file before the library is loaded; texts are NUL-padded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KaytonPluginBuild {
    pub magic: u32,
    pub abi_version: u32,
    pub rustc_commit: [u8; 48],
    pub api_version: [u8; 16],
    pub target: [u8; 48],
}

/// The record of a library built now, by this compiler, with this crate.
pub const BUILD: KaytonPluginBuild = KaytonPluginBuild {
    magic: KAYTON_BUILD_MAGIC,
    abi_version: crate::KAYTON_PLUGIN_ABI_VERSION,
    rustc_commit: padded(RUSTC_COMMIT),
    api_version: padded(VERSION),
    target: padded(TARGET),
};

const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    assert!(bytes.len() < N);
    let mut out = [0u8; N];
    let mut i = 0;
    while i < bytes.len() {
        out[i] = bytes[i];
        i += 1;
    }
    out
}
