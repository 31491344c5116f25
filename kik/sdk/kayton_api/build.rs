//! Records which compiler builds this crate: the Rust ABI is only sound between code of one rustc, so every plugin
//! carries the compiler's identity and the bridge compares it with its own.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RUSTC");
    let rustc = std::env::var_os("RUSTC").expect("cargo sets RUSTC for build scripts");
    let output = Command::new(&rustc).arg("-vV").output().expect("cannot run rustc -vV");
    let text = String::from_utf8(output.stdout).expect("rustc -vV is not UTF-8");
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or("").to_string();
    let mut commit = field("commit-hash:");
    if commit.is_empty() || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
        // A compiler built without its history: the whole version text identifies it.
        commit = format!("{:016x}", fnv1a(&text));
    }
    println!("cargo:rustc-env=KAYTON_RUSTC_COMMIT={commit}");
    println!("cargo:rustc-env=KAYTON_RUSTC_RELEASE={}", field("release:"));
    println!("cargo:rustc-env=KAYTON_TARGET={}", std::env::var("TARGET").expect("cargo sets TARGET"));
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
