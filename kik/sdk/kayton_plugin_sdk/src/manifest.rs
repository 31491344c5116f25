//! The manifest (`shared/manifest.h`) of the exported items, as JSON.

use std::sync::OnceLock;

use kayton_api::{KAYTON_PLUGIN_ABI_VERSION, RUSTC_COMMIT, RUSTC_RELEASE, TARGET, VERSION};

use crate::export::{self, Export, FunctionExport, Module, Receiver, TypeExport, TypeKind};

/// Newest layout of the file that this writes.
const FORMAT: u32 = 1;

pub fn of(module: &Module, exports: &'static [Export]) -> &'static [u8] {
    static JSON: OnceLock<Vec<u8>> = OnceLock::new();
    JSON.get_or_init(|| {
        export::attach(module, exports);
        write(module, exports).into_bytes()
    })
}

fn write(module: &Module, exports: &'static [Export]) -> String {
    let functions = export::functions(exports);
    let types = export::types(exports);
    let mut json = Json::default();
    json.open('{');
    json.number("format", FORMAT as usize);
    json.text("crate", module.name);
    json.text("package", module.package);
    json.text("version", module.version);
    json.key("features").raw("[]");
    json.number("abi_version", KAYTON_PLUGIN_ABI_VERSION as usize);
    json.text("api_version", VERSION);
    json.text("target", TARGET);
    json.text("rustc", RUSTC_RELEASE);
    json.text("rustc_commit", RUSTC_COMMIT);
    json.key("types").open('[');
    for t in &types {
        write_type(&mut json, module, t);
    }
    if let Some(own) = export::own_error_class(exports) {
        json.open('{');
        json.text("name", &own);
        json.text("rust", "impl std::fmt::Display");
        json.text("kind", "error");
        json.close('}');
    }
    json.close(']');
    json.key("functions").open('[');
    for f in &functions {
        write_function(&mut json, module, f);
    }
    json.close(']');
    json.key("skipped").raw("[]");
    for name in ["own_functions", "own_importable", "all_functions", "all_importable"] {
        json.number(name, functions.len());
    }
    json.close('}');
    json.out
}

fn write_type(json: &mut Json, module: &Module, t: &TypeExport) {
    json.open('{');
    json.text("name", &format!("{}.{}", module.name, t.name));
    json.text("rust", t.rust);
    json.text(
        "kind",
        match t.kind {
            TypeKind::Struct => "struct",
            TypeKind::Enum => "enum",
            TypeKind::Error => "error",
        },
    );
    json.flag("clone", t.clone);
    json.flag("copy", t.copy);
    json.flag("send", false);
    json.flag("sync", false);
    json.flag("borrows", false);
    json.key("variants").open('[');
    for variant in t.variants {
        json.element(variant);
    }
    json.close(']');
    json.text("doc", t.doc);
    json.close('}');
}

fn write_function(json: &mut Json, module: &Module, f: &FunctionExport) {
    let name = format!("{}.{}", module.name, f.name);
    json.open('{');
    json.text("name", &name);
    json.text("stable", &name);
    json.text("owner", &if f.owner.is_empty() { String::new() } else { format!("{}.{}", module.name, f.owner) });
    json.text(
        "receiver",
        match f.receiver {
            Receiver::None => "none",
            Receiver::Shared => "shared",
            Receiver::Exclusive => "exclusive",
            Receiver::Owned => "owned",
        },
    );
    json.flag("constant", f.constant);
    json.flag("field", f.field);
    json.flag("iterator", f.iterator);
    json.flag("returns_self", f.returns_self);
    json.key("params").open('[');
    for param in f.params {
        json.open('{');
        json.text("name", param.name);
        json.described("type", param.describe);
        json.close('}');
    }
    json.close(']');
    json.described("result", f.result);
    json.text("raises", &(f.raises)().unwrap_or_default());
    json.key("borrows").raw("[]");
    json.text("signature", &export::signature(f));
    json.text("doc", f.doc);
    json.text("rust", f.rust);
    json.close('}');
}

/// Writes JSON; commas are put where they belong.
#[derive(Default)]
struct Json {
    out: String,
    fresh: bool,
}

impl Json {
    fn separate(&mut self) {
        if !self.out.is_empty() && !self.fresh {
            self.out.push(',');
        }
        self.fresh = false;
    }
    fn open(&mut self, bracket: char) {
        self.separate();
        self.out.push(bracket);
        self.fresh = true;
    }
    fn close(&mut self, bracket: char) {
        self.out.push(bracket);
        self.fresh = false;
    }
    fn key(&mut self, key: &str) -> &mut Json {
        self.separate();
        self.string(key);
        self.out.push(':');
        self.fresh = true;
        self
    }
    fn raw(&mut self, text: &str) {
        self.out.push_str(text);
        self.fresh = false;
    }
    fn element(&mut self, text: &str) {
        self.separate();
        self.string(text);
    }
    fn text(&mut self, key: &str, value: &str) {
        self.key(key).string(value);
        self.fresh = false;
    }
    fn described(&mut self, key: &str, describe: fn(&mut String)) {
        let mut value = String::new();
        describe(&mut value);
        self.text(key, &value);
    }
    fn number(&mut self, key: &str, value: usize) {
        self.key(key).raw(&value.to_string());
    }
    fn flag(&mut self, key: &str, value: bool) {
        self.key(key).raw(if value { "true" } else { "false" });
    }
    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                c if (c as u32) < 0x20 => self.out.push_str(&format!("\\u{:04x}", c as u32)),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
        self.fresh = false;
    }
}
