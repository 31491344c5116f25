//! The bridge between the C++ worker and plugins in the Rust ABI, built by the environment's own toolchain and linked
//! to its shared libstd. C interface: `KaytonBridgeOpen`, `KaytonBridgeManifest`, `KaytonBridgeRegister` of
//! `shared/kayton_api.h`. A plugin's build record is read from its file before the file is loaded, so nothing of a
//! plugin for another compiler or ABI ever runs, and a damaged file is refused instead of mapped. Plugins are never
//! unloaded. Called by the worker's one thread.

mod elf;
mod file_view;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

use kayton_api::{
    KaytonContext, KaytonPluginBuild, BUILD, KAYTON_BUILD_MAGIC, KAYTON_PLUGIN_ABI_VERSION, KT_ERROR, KT_OK, KT_PANIC,
};

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static kayton_plugin_build: KaytonPluginBuild = BUILD;

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
}
const RTLD_NOW: c_int = 2;

/// An open plugin: its three entry points.
pub struct Plugin {
    abi_version: fn() -> u32,
    manifest_json: fn() -> &'static [u8],
    register: fn(&mut KaytonContext),
}

/// Opens a plugin after comparing its build record with the bridge's own. `*abi_version` is the plugin's as soon as it
/// is known, else 0. A message starts with the exception class it stands for: "ImportError: " or "PluginABIError: ".
///
/// # Safety
/// `path` is NUL-terminated; `plugin`, `abi_version` and `message` (of `capacity` bytes) are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kayton_bridge_open(
    path: *const c_char,
    plugin: *mut *mut c_void,
    abi_version: *mut u32,
    message: *mut c_char,
    capacity: usize,
) -> i32 {
    unsafe {
        *plugin = std::ptr::null_mut();
        *abi_version = 0;
        guarded(message, capacity, || {
            let opened = open(CStr::from_ptr(path), &mut *abi_version)?;
            *plugin = Box::into_raw(Box::new(opened)).cast();
            Ok(())
        })
    }
}

/// The plugin's manifest as JSON; the bytes belong to the plugin and live as long as the process.
///
/// # Safety
/// `plugin` comes from `kayton_bridge_open`; the others are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kayton_bridge_manifest(
    plugin: *mut c_void,
    data: *mut *const u8,
    len: *mut usize,
    message: *mut c_char,
    capacity: usize,
) -> i32 {
    unsafe {
        guarded(message, capacity, || {
            let json = ((*plugin.cast::<Plugin>()).manifest_json)();
            if json.is_empty() {
                return Err("ImportError: the plugin could not make its manifest".to_string());
            }
            *data = json.as_ptr();
            *len = json.len();
            Ok(())
        })
    }
}

/// Lets the plugin register its types and functions.
///
/// # Safety
/// `plugin` comes from `kayton_bridge_open`, `context` from the VM, which outlives the plugin.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kayton_bridge_register(
    plugin: *mut c_void,
    context: *mut KaytonContext,
    message: *mut c_char,
    capacity: usize,
) -> i32 {
    unsafe {
        guarded(message, capacity, || {
            ((*plugin.cast::<Plugin>()).register)(&mut *context);
            Ok(())
        })
    }
}

unsafe fn open(path: &CStr, abi_version: &mut u32) -> Result<Plugin, String> {
    let shown = path.to_string_lossy();
    let file =
        file_view::FileView::open(&shown).map_err(|e| format!("ImportError: cannot read plugin '{shown}': {e}"))?;
    let record = elf::data_symbol(file.bytes(), "kayton_plugin_build", size_of::<KaytonPluginBuild>())
        .map_err(|why| format!("ImportError: '{shown}' is not a usable plugin: {why}"))?;
    compare_build(&record, &shown, abi_version)?;
    drop(file);
    unsafe {
        let library = dlopen(path.as_ptr(), RTLD_NOW);
        if library.is_null() {
            let why = CStr::from_ptr(dlerror()).to_string_lossy().into_owned();
            return Err(format!("ImportError: cannot load plugin '{shown}': {why}"));
        }
        let entry = |name: &CStr| -> Result<*mut c_void, String> {
            let address = dlsym(library, name.as_ptr());
            if address.is_null() {
                let name = name.to_string_lossy();
                return Err(format!("ImportError: '{shown}' is not a usable plugin: it does not export '{name}'"));
            }
            Ok(address)
        };
        // The signatures are the contract's, and the build record has shown the same compiler.
        let plugin = Plugin {
            abi_version: std::mem::transmute::<*mut c_void, fn() -> u32>(entry(c"kayton_plugin_abi_version")?),
            manifest_json: std::mem::transmute::<*mut c_void, fn() -> &'static [u8]>(entry(
                c"kayton_plugin_manifest_json",
            )?),
            register: std::mem::transmute::<*mut c_void, fn(&mut KaytonContext)>(entry(c"kayton_plugin_register")?),
        };
        *abi_version = (plugin.abi_version)();
        check_abi(*abi_version, &shown)?;
        Ok(plugin)
    }
}

/// Compares a plugin's build record with the bridge's own.
fn compare_build(record: &[u8], shown: &str, abi_version: &mut u32) -> Result<(), String> {
    // The record is plain data of exactly this size, at any alignment.
    let build = unsafe { record.as_ptr().cast::<KaytonPluginBuild>().read_unaligned() };
    if build.magic != KAYTON_BUILD_MAGIC {
        return Err(format!(
            "ImportError: '{shown}' is not a usable plugin: its build record starts with {:#010x}, not {KAYTON_BUILD_MAGIC:#010x}",
            build.magic
        ));
    }
    *abi_version = build.abi_version;
    check_abi(build.abi_version, shown)?;
    if build.rustc_commit != BUILD.rustc_commit {
        return Err(format!(
            "PluginABIError: '{shown}' was built by rustc {} but the environment's toolchain is rustc {}. Reinstall plugin or switch environment.",
            text(&build.rustc_commit),
            text(&BUILD.rustc_commit)
        ));
    }
    if build.target != BUILD.target {
        return Err(format!(
            "PluginABIError: '{shown}' was built for {} but the environment is for {}. Reinstall plugin or switch environment.",
            text(&build.target),
            text(&BUILD.target)
        ));
    }
    Ok(())
}

fn check_abi(found: u32, shown: &str) -> Result<(), String> {
    if found == KAYTON_PLUGIN_ABI_VERSION {
        return Ok(());
    }
    Err(format!(
        "PluginABIError: '{shown}' built with ABI v{found} but host expects v{KAYTON_PLUGIN_ABI_VERSION}. Reinstall plugin or switch environment."
    ))
}

fn text(padded: &[u8]) -> String {
    let end = padded.iter().position(|&b| b == 0).unwrap_or(padded.len());
    String::from_utf8_lossy(&padded[..end]).into_owned()
}

thread_local! {
    /// Inside an entry point a panic is reported through the message, with its place, and not printed.
    static IN_ENTRY_POINT: Cell<bool> = const { Cell::new(false) };
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn install_panic_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IN_ENTRY_POINT.with(Cell::get) {
                return previous(info);
            }
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            PANIC_PLACE.with(|slot| *slot.borrow_mut() = place);
        }));
    });
}

/// Runs an entry point; an error or a panic becomes a status and a message.
unsafe fn guarded(message: *mut c_char, capacity: usize, body: impl FnOnce() -> Result<(), String>) -> i32 {
    install_panic_hook();
    IN_ENTRY_POINT.with(|inside| inside.set(true));
    let result = catch_unwind(AssertUnwindSafe(body));
    IN_ENTRY_POINT.with(|inside| inside.set(false));
    let (status, said) = match result {
        Ok(Ok(())) => (KT_OK, String::new()),
        Ok(Err(why)) => (KT_ERROR, why),
        Err(payload) => (KT_PANIC, panic_text(payload)),
    };
    unsafe { write_message(message, capacity, said) };
    status
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let said = if let Some(text) = payload.downcast_ref::<&'static str>() {
        text.to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_string()
    };
    // A payload of the plugin's own type may panic again when it is dropped.
    std::mem::forget(payload);
    match PANIC_PLACE.with(|slot| slot.borrow_mut().take()) {
        Some(place) => format!("RustPanic: {said} (at {place})"),
        None => format!("RustPanic: {said}"),
    }
}

/// NUL-terminated, cut at a character boundary where the room ends.
unsafe fn write_message(message: *mut c_char, capacity: usize, said: String) {
    if message.is_null() || capacity == 0 {
        return;
    }
    let mut end = said.len().min(capacity - 1);
    while !said.is_char_boundary(end) {
        end -= 1;
    }
    let terminated = CString::new(said[..end].replace('\0', "?")).unwrap_or_default();
    let bytes = terminated.as_bytes_with_nul();
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), message, bytes.len()) };
}
