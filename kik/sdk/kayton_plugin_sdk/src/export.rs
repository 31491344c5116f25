//! What `#[kayton_export]` leaves behind: one record an exported item, collected by the linker in the section
//! `kt_exports`, and the registration of all of them.

use std::any::TypeId;
use std::sync::OnceLock;

use kayton_api::{signature_id, KaytonContext, KtTypeMeta, KtTypeOps};

use crate::handle::TypeSlot;

#[derive(Clone, Copy)]
pub struct Module {
    pub name: &'static str,
    pub package: &'static str,
    pub version: &'static str,
}

/// One record of the section. All records have this type, so that the section is an array of it.
#[derive(Clone, Copy)]
pub enum Export {
    Module(&'static Module),
    Function(&'static FunctionExport),
    Type(&'static TypeExport),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    None,
    Shared,
    Exclusive,
    Owned,
}

/// Address of a thunk; code may be named from any thread.
#[derive(Clone, Copy)]
pub struct ThunkPointer(pub *const ());
unsafe impl Sync for ThunkPointer {}

pub struct ParamExport {
    pub name: &'static str,
    pub describe: fn(&mut String),
}

pub struct FunctionExport {
    /// Without the module: "greet", "Counter.increment".
    pub name: &'static str,
    /// "Counter" or empty.
    pub owner: &'static str,
    pub receiver: Receiver,
    pub constant: bool,
    pub field: bool,
    pub iterator: bool,
    pub returns_self: bool,
    /// The receiver first.
    pub params: &'static [ParamExport],
    pub result: fn(&mut String),
    pub raises: fn() -> Option<String>,
    pub doc: &'static str,
    pub rust: &'static str,
    pub thunk: ThunkPointer,
    /// Where it stands in the source: the order of the manifest.
    pub line: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    Struct,
    Enum,
    Error,
}

pub struct TypeExport {
    pub name: &'static str,
    pub rust: &'static str,
    pub kind: TypeKind,
    pub clone: bool,
    pub copy: bool,
    pub variants: &'static [&'static str],
    pub doc: &'static str,
    pub size: usize,
    pub align: usize,
    pub ops: KtTypeOps,
    pub slot: TypeSlot,
    pub id: fn() -> TypeId,
    pub line: u32,
}

static MODULE_NAME: OnceLock<&'static str> = OnceLock::new();
static EXPORTS: OnceLock<&'static [Export]> = OnceLock::new();

/// The plugin's name in Kayton programs.
pub fn module_name() -> &'static str {
    MODULE_NAME.get().copied().unwrap_or("plugin")
}

pub fn attach(module: &Module, exports: &'static [Export]) {
    MODULE_NAME.get_or_init(|| module.name);
    EXPORTS.get_or_init(|| exports);
}

/// The section's records.
///
/// # Safety
/// The linker's start and stop symbols of the section.
pub unsafe fn between(start: *const Export, stop: *const Export) -> &'static [Export] {
    unsafe { std::slice::from_raw_parts(start, stop.offset_from(start) as usize) }
}

pub fn functions(exports: &[Export]) -> Vec<&'static FunctionExport> {
    let mut found: Vec<_> =
        exports.iter().filter_map(|e| if let Export::Function(f) = e { Some(*f) } else { None }).collect();
    found.sort_by_key(|f| (f.line, f.name));
    found
}

pub fn types(exports: &[Export]) -> Vec<&'static TypeExport> {
    let mut found: Vec<_> =
        exports.iter().filter_map(|e| if let Export::Type(t) = e { Some(*t) } else { None }).collect();
    found.sort_by_key(|t| (t.line, t.name));
    found
}

/// The class name of an exported error type.
pub fn error_class(id: TypeId) -> Option<String> {
    let exports = EXPORTS.get()?;
    exports.iter().find_map(|export| match export {
        Export::Type(t) if t.kind == TypeKind::Error && (t.id)() == id => Some(format!("{}.{}", module_name(), t.name)),
        _ => None,
    })
}

/// "(plugin_hello.Counter, int) -> int".
pub fn signature(function: &FunctionExport) -> String {
    let mut text = String::from("(");
    for (index, param) in function.params.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        (param.describe)(&mut text);
    }
    text.push_str(") -> ");
    (function.result)(&mut text);
    text
}

/// The module's own error class, "plugin_hello.Error", where a function raises it and no exported type is it.
pub fn own_error_class(exports: &[Export]) -> Option<String> {
    let own = format!("{}.Error", module_name());
    let exported = types(exports).iter().any(|t| t.name == "Error");
    let raised = functions(exports).iter().any(|f| (f.raises)().as_deref() == Some(own.as_str()));
    (raised && !exported).then_some(own)
}

/// Registers every exported type and function. Panics, which the bridge reports, where the VM refuses a name.
pub fn register(module: &Module, exports: &'static [Export], context: &KaytonContext) {
    attach(module, exports);
    let exception = context.get_type("Exception").expect("the VM knows Exception");
    let register_type = |name: &str, meta: &KtTypeMeta, error: bool| {
        context
            .register_type(name, meta, error.then_some(exception))
            .unwrap_or_else(|why| panic!("cannot register the type '{name}': {why}"))
    };
    for t in types(exports) {
        let meta = KtTypeMeta { size: t.size as u64, align: t.align as u64, ops: &t.ops };
        t.slot.set(register_type(&format!("{}.{}", module.name, t.name), &meta, t.kind == TypeKind::Error));
    }
    if let Some(own) = own_error_class(exports) {
        register_type(&own, &KtTypeMeta { size: 0, align: 1, ops: std::ptr::null() }, true);
    }
    for f in functions(exports) {
        let name = format!("{}.{}", module.name, f.name);
        context
            .register_function(&name, f.thunk.0.cast(), signature_id(&signature(f)))
            .unwrap_or_else(|why| panic!("cannot register the function '{name}': {why}"));
    }
}
