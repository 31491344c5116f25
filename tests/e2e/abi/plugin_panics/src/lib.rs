//! A plugin whose entry points panic.

fn manifest() -> &'static [u8] {
    panic!("no manifest today")
}

fn register(_context: &kayton_plugin_sdk::kayton_api::KaytonContext) {
    panic!("no registration today")
}

kayton_plugin_sdk::kayton_entry_points! { manifest: manifest(), register: register }
