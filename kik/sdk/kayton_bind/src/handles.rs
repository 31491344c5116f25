//! Rust values owned by the VM. A handle's `borrow` counts who borrows from it: n > 0 shared, n < 0 exclusive (more than
//! one when an iterator hands its exclusive borrow on to its items). What a value borrows from is its `owners`: each
//! entry keeps one object alive, and, for handles, its borrow state, until the value is dropped. Entries carry the
//! lifetime slots of the value's type they stand for, so that a result inherits exactly what it may point into.

use std::ffi::{c_char, c_void, CStr};

use kayton_api::{KtHandle, KtList, KtObject};

use crate::call::{context, raise, Exit, Ret};
use crate::register::TypeSlot;

pub type H = *mut KtHandle;
/// An exception object.
pub type X = *mut KtObject;

/// Slot of the reference itself in a handle that holds `&T`.
pub const REFERENCE: u32 = 1 << 31;

#[derive(Clone, Copy, PartialEq)]
enum Hold {
    Keep,
    Shared,
    Exclusive,
    /// Copies the entries of a handle that belong to `from`.
    Inherit,
    /// Keeps every object of a list.
    KeepItems,
    /// Borrows every handle of a list.
    SharedItems,
}

/// How a new value is tied to an argument.
#[derive(Clone, Copy)]
pub struct Link {
    object: *mut c_void,
    hold: Hold,
    from: u32,
    to: u32,
}

pub fn keep<T>(object: *mut T, to: u32) -> Link {
    Link { object: object.cast(), hold: Hold::Keep, from: 0, to }
}
pub fn shared(object: H, to: u32) -> Link {
    Link { object: object.cast(), hold: Hold::Shared, from: 0, to }
}
pub fn exclusive(object: H, to: u32) -> Link {
    Link { object: object.cast(), hold: Hold::Exclusive, from: 0, to }
}
pub fn inherit(object: H, from: u32, to: u32) -> Link {
    Link { object: object.cast(), hold: Hold::Inherit, from, to }
}
pub fn keep_items(list: *mut KtList, to: u32) -> Link {
    Link { object: list.cast(), hold: Hold::KeepItems, from: 0, to }
}
pub fn shared_items(list: *mut KtList, to: u32) -> Link {
    Link { object: list.cast(), hold: Hold::SharedItems, from: 0, to }
}

#[derive(Clone, Copy)]
struct Owner {
    object: *mut c_void,
    hold: Hold,
    slots: u32,
}

/// What a handle's data is.
#[derive(Clone, Copy, PartialEq, Default)]
enum Reference {
    /// A box that the handle owns.
    #[default]
    Owned,
    /// The target of a `&T`.
    Shared,
    /// The target of a `&mut T`.
    Exclusive,
}

#[derive(Default)]
struct Owners {
    list: Vec<Owner>,
    reference: Reference,
    /// Grows with later calls.
    attached: bool,
}

impl Owners {
    unsafe fn add(&mut self, owner: Owner, borrower: *const c_char) {
        if self.attached {
            // What is lent again and again, in a loop, is held once.
            if let Some(known) =
                self.list.iter_mut().find(|known| known.object == owner.object && known.hold == owner.hold)
            {
                known.slots |= owner.slots;
                return;
            }
        }
        unsafe {
            context().retain(owner.object);
            let handle = owner.object.cast::<KtHandle>();
            match owner.hold {
                Hold::Shared => (*handle).borrow += 1,
                Hold::Exclusive => (*handle).borrow -= 1,
                _ => {}
            }
            if owner.hold != Hold::Keep {
                // Unused while the value is there: says who borrows it.
                (*handle).moved_by = borrower;
            }
        }
        self.list.push(owner);
    }

    unsafe fn link(&mut self, link: &Link, borrower: *const c_char) {
        if link.object.is_null() {
            return;
        }
        unsafe {
            match link.hold {
                Hold::Inherit => {
                    let owners = (*link.object.cast::<KtHandle>()).owners.cast::<Owners>();
                    if owners.is_null() {
                        return;
                    }
                    for i in 0..(*owners).list.len() {
                        let owner = (&(*owners).list)[i];
                        if owner.slots & link.from != 0 {
                            self.add(Owner { slots: link.to, ..owner }, borrower);
                        }
                    }
                }
                Hold::KeepItems | Hold::SharedItems => {
                    let hold = if link.hold == Hold::KeepItems { Hold::Keep } else { Hold::Shared };
                    for object in KtList::as_slice::<*mut c_void>(link.object.cast()) {
                        if !object.is_null() {
                            self.add(Owner { object: *object, hold, slots: link.to }, borrower);
                        }
                    }
                }
                hold => self.add(Owner { object: link.object, hold, slots: link.to }, borrower),
            }
        }
    }
}

unsafe extern "C" fn drop_owners(owners: *mut c_void) {
    let owners = unsafe { Box::from_raw(owners.cast::<Owners>()) };
    for owner in owners.list {
        unsafe {
            let handle = owner.object.cast::<KtHandle>();
            match owner.hold {
                Hold::Shared => (*handle).borrow -= 1,
                Hold::Exclusive => (*handle).borrow += 1,
                _ => {}
            }
            context().release(owner.object.cast::<KtObject>());
        }
    }
}

/// Ties a handle that exists to further objects: for arguments that the receiver stores.
pub unsafe fn attach(handle: H, links: &[Link]) {
    if links.is_empty() {
        return;
    }
    unsafe {
        let mut owners: Box<Owners> =
            if (*handle).owners.is_null() { Box::default() } else { Box::from_raw((*handle).owners.cast()) };
        owners.attached = true;
        let borrower = (*(*handle).base.r#type).name;
        for link in links {
            // A receiver given as its own argument would keep itself alive for ever.
            if link.object != handle.cast() || link.hold == Hold::Inherit {
                owners.link(link, borrower);
            }
        }
        (*handle).owners = Box::into_raw(owners).cast();
        (*handle).drop_owners = Some(drop_owners);
    }
}

// --- making handles

unsafe extern "C" fn drop_value<T>(handle: *mut KtHandle) {
    unsafe { drop(Box::from_raw((*handle).data.cast::<T>())) }
}
unsafe extern "C" fn drop_nothing(_: *mut KtHandle) {}

unsafe fn make(
    slot: &TypeSlot,
    data: *mut c_void,
    drop: unsafe extern "C" fn(*mut KtHandle),
    reference: Reference,
    links: &[Link],
) -> H {
    unsafe {
        let info = slot.info();
        let handle = context().handle_new(info, data, drop);
        if !links.is_empty() || reference != Reference::Owned {
            let mut owners = Box::new(Owners { list: Vec::with_capacity(links.len()), reference, attached: false });
            for link in links {
                owners.link(link, (*info).name);
            }
            if !owners.list.is_empty() || reference != Reference::Owned {
                (*handle).owners = Box::into_raw(owners).cast();
                (*handle).drop_owners = Some(drop_owners);
            }
        }
        handle
    }
}

/// A value that the VM owns from now on.
pub unsafe fn hnew<T>(slot: &TypeSlot, value: T, links: &[Link]) -> H {
    unsafe { make(slot, Box::into_raw(Box::new(value)).cast(), drop_value::<T>, Reference::Owned, links) }
}

/// A value seen through `&T`.
pub unsafe fn hnew_ref<T>(slot: &TypeSlot, value: &T, links: &[Link]) -> H {
    unsafe { make(slot, std::ptr::from_ref(value).cast_mut().cast(), drop_nothing, Reference::Shared, links) }
}

/// A value seen through `&mut T`.
pub unsafe fn hnew_mut<T>(slot: &TypeSlot, value: &mut T, links: &[Link]) -> H {
    unsafe { make(slot, std::ptr::from_mut(value).cast(), drop_nothing, Reference::Exclusive, links) }
}

/// The handle itself as a result.
pub unsafe fn again(handle: H) -> H {
    unsafe { context().retain(handle) };
    handle
}

// --- reading handles

#[inline(always)]
fn reference_of(handle: &KtHandle) -> Reference {
    if handle.owners.is_null() {
        Reference::Owned
    } else {
        unsafe { (*handle.owners.cast::<Owners>()).reference }
    }
}

unsafe fn text<'a>(chars: *const c_char) -> &'a str {
    if chars.is_null() {
        return "a value";
    }
    unsafe { CStr::from_ptr(chars) }.to_str().unwrap_or("a value")
}

/// The last part of a type's name: what a person calls it.
unsafe fn short<'a>(chars: *const c_char) -> &'a str {
    let full = unsafe { text(chars) };
    full.rsplit('.').next().unwrap_or(full)
}

/// Why the handle cannot be used as wanted.
#[cold]
#[inline(never)]
fn refuse(handle: &KtHandle) -> Exit {
    unsafe {
        let name = short((*handle.base.r#type).name);
        if handle.data.is_null() {
            return raise("UseAfterMoveError", &format!("'{name}' was moved by '{}'", text(handle.moved_by)));
        }
        if handle.borrow != 0 {
            return raise("BorrowError", &format!("'{name}' is borrowed by '{}'", short(handle.moved_by)));
        }
        raise("BorrowError", &format!("'{name}' is only borrowed: a shared reference cannot be changed or moved"))
    }
}

#[inline(always)]
pub unsafe fn href<'a, T>(handle: H) -> Ret<&'a T> {
    unsafe {
        let h = &*handle;
        if h.data.is_null() || h.borrow < 0 {
            return Err(refuse(h));
        }
        Ok(&*h.data.cast::<T>())
    }
}

#[inline(always)]
pub unsafe fn hmut<'a, T>(handle: H) -> Ret<&'a mut T> {
    unsafe {
        let h = &*handle;
        if h.data.is_null() || h.borrow != 0 || reference_of(h) == Reference::Shared {
            return Err(refuse(h));
        }
        Ok(&mut *h.data.cast::<T>())
    }
}

/// Takes the value out; `by` is the call that does, for later UseAfterMoveErrors.
pub unsafe fn hval<T>(handle: H, by: &'static CStr) -> Ret<T> {
    unsafe {
        let h = &mut *handle;
        if h.data.is_null() || h.borrow != 0 || reference_of(h) != Reference::Owned {
            return Err(refuse(h));
        }
        let value = Box::from_raw(h.data.cast::<T>());
        h.data = std::ptr::null_mut();
        h.moved_by = by.as_ptr();
        Ok(*value)
    }
}

#[inline(always)]
pub unsafe fn hcopy<T: Copy>(handle: H) -> Ret<T> {
    unsafe { href::<T>(handle).map(|value| *value) }
}

/// The handle of the error value that an exception carries.
pub unsafe fn error_value(exception: X) -> Ret<H> {
    let handle = unsafe { context().exception_value(exception) };
    if handle.is_null() {
        return Err(raise("ValueError", "this exception was not raised by the crate: it carries no error value"));
    }
    Ok(handle)
}

/// After the value has moved and the result has inherited what it needs: nothing is borrowed any more by this handle.
pub unsafe fn gone(handle: H) {
    unsafe {
        let owners = std::mem::replace(&mut (*handle).owners, std::ptr::null_mut());
        if !owners.is_null() {
            drop_owners(owners);
        }
    }
}

/// Marks a handle as borrowed for as long as a call runs, which may come back to the program.
pub struct Busy {
    handle: H,
    by: i64,
    call: *const c_char,
    before: *const c_char,
}
#[inline(always)]
pub unsafe fn busy(handle: H, by: i64, call: &'static CStr) -> Busy {
    unsafe {
        // An argument that was left out: Option<&mut T>.
        if handle.is_null() {
            return Busy { handle, by, call: call.as_ptr(), before: std::ptr::null() };
        }
        let before = (*handle).moved_by;
        (*handle).borrow += by;
        (*handle).moved_by = call.as_ptr();
        Busy { handle, by, call: call.as_ptr(), before }
    }
}
impl Drop for Busy {
    #[inline(always)]
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        unsafe {
            (*self.handle).borrow -= self.by;
            // What the call's result borrows has been written down meanwhile.
            if (*self.handle).moved_by == self.call {
                (*self.handle).moved_by = self.before;
            }
        }
    }
}

/// Refuses a call in which one handle is both changed (or moved) and given a second time.
pub unsafe fn distinct(changed: H, other: H) -> Ret {
    if changed != other || changed.is_null() {
        return Ok(());
    }
    let name = unsafe { short((*(*changed).base.r#type).name) };
    Err(raise("BorrowError", &format!("'{name}' is given twice to a call that changes it")))
}

/// The same for a list of handles.
pub unsafe fn distinct_items(changed: H, list: *mut KtList) -> Ret {
    if list.is_null() {
        return Ok(());
    }
    for item in unsafe { KtList::as_slice::<H>(list) } {
        unsafe { distinct(changed, *item)? };
    }
    Ok(())
}
