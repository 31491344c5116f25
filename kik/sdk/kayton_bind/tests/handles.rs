//! Handles: moves, borrows, owners, panics, against a small VM that counts what lives. One test, because a wrapper's
//! context belongs to one VM and one thread.

mod fake_vm;

use fake_vm::{living, new_text, release, take_error};
use kayton_api::{KT_ERROR, KT_OK, KT_PANIC, KT_STOP};
use kayton_bind::*;

struct Text(String);
struct View<'a>(&'a str);
struct Pen<'a>(&'a mut Text);

static TYPES: [TypeSlot; 5] = [
    TypeSlot::handle::<Text>("demo.Text", NO_OPS),
    TypeSlot::handle::<View>("demo.View", NO_OPS),
    TypeSlot::handle::<Pen>("demo.Pen", NO_OPS),
    TypeSlot::composed("list[int]"),
    TypeSlot::exception("demo.Error"),
];

unsafe extern "C" fn new(a0: S, out: *mut H) -> i32 {
    call(&mut || unsafe {
        out.write(hnew::<Text>(&TYPES[0], Text(st(a0).to_owned()), &[]));
        Ok(())
    })
}
unsafe extern "C" fn view(a0: H, out: *mut H) -> i32 {
    call(&mut || unsafe {
        let x0 = href::<Text>(a0)?;
        out.write(hnew::<View>(&TYPES[1], View(&x0.0), &[shared(a0, 1)]));
        Ok(())
    })
}
unsafe extern "C" fn first_half(a0: H, out: *mut H) -> i32 {
    call(&mut || unsafe {
        let x0 = href::<View>(a0)?;
        out.write(hnew::<View>(&TYPES[1], View(&x0.0[..x0.0.len() / 2]), &[inherit(a0, 1, 1)]));
        Ok(())
    })
}
unsafe extern "C" fn pen(a0: H, out: *mut H) -> i32 {
    call(&mut || unsafe {
        let x0 = hmut::<Text>(a0)?;
        out.write(hnew::<Pen>(&TYPES[2], Pen(x0), &[exclusive(a0, 1)]));
        Ok(())
    })
}
unsafe extern "C" fn write(a0: H, a1: S, out: *mut u8) -> i32 {
    call(&mut || unsafe {
        let x0 = hmut::<Pen>(a0)?;
        x0.0 .0.push_str(st(a1));
        out.write(0);
        Ok(())
    })
}
unsafe extern "C" fn finish(a0: H, out: *mut S) -> i32 {
    call(&mut || unsafe {
        let x0 = hval::<Text>(a0, c"demo.Text.finish")?;
        out.write(new_str(&x0.0));
        Ok(())
    })
}
unsafe extern "C" fn text(a0: H, out: *mut S) -> i32 {
    call(&mut || unsafe {
        let x0 = href::<View>(a0)?;
        out.write(new_str(x0.0));
        Ok(())
    })
}
unsafe extern "C" fn explode(out: *mut u8) -> i32 {
    call(&mut || unsafe {
        let empty: Vec<u8> = Vec::new();
        out.write(empty[std::hint::black_box(3)]);
        Ok(())
    })
}

unsafe fn make<T>(f: impl FnOnce(*mut T) -> i32) -> T {
    let mut out = std::mem::MaybeUninit::uninit();
    assert_eq!(f(out.as_mut_ptr()), KT_OK);
    unsafe { out.assume_init() }
}
fn refused(status: i32) -> (String, String) {
    assert_eq!(status, KT_ERROR);
    take_error()
}
unsafe fn string(object: S) -> String {
    let owned = unsafe { st(object) }.to_owned();
    unsafe { release(object) };
    owned
}

#[test]
fn handles_follow_rusts_rules_at_run_time() {
    register(&fake_vm::context(), &TYPES, &[]);
    let before = living();
    unsafe {
        let source = new_text("hello world");
        let value: H = make(|out| new(source, out));
        release(source);

        // A view keeps its text alive and forbids changes; a part of a view borrows from the same text.
        let whole: H = make(|out| view(value, out));
        let part: H = make(|out| first_half(whole, out));
        release(whole);
        let mut pen_out: H = std::ptr::null_mut();
        assert_eq!(refused(pen(value, &mut pen_out)), ("BorrowError".into(), "'Text' is borrowed by 'View'".into()));
        let mut text_out: S = std::ptr::null_mut();
        assert_eq!(refused(finish(value, &mut text_out)).0, "BorrowError");
        assert_eq!((*value).borrow, 1);
        release(value);
        assert_eq!(string(make(|out| text(part, out))), "hello");
        release(part);
        assert_eq!(living(), before);

        // An exclusive borrow forbids everything else until it ends.
        let source = new_text("a");
        let value: H = make(|out| new(source, out));
        let writer: H = make(|out| pen(value, out));
        assert_eq!(refused(view(value, &mut pen_out)), ("BorrowError".into(), "'Text' is borrowed by 'Pen'".into()));
        make(|out| write(writer, source, out));
        release(writer);
        assert_eq!((*value).borrow, 0);

        // A move empties the handle and says who took the value.
        assert_eq!(string(make(|out| finish(value, out))), "aa");
        assert_eq!(
            refused(finish(value, &mut text_out)),
            ("UseAfterMoveError".into(), "'Text' was moved by 'demo.Text.finish'".into())
        );
        assert_eq!(refused(view(value, &mut pen_out)).0, "UseAfterMoveError");
        release(value);
        release(source);
        assert_eq!(living(), before);

        // A reference can be read, not changed or moved.
        let target = Text("shared".into());
        let reference = hnew_ref::<Text>(&TYPES[0], &target, &[]);
        assert!(href::<Text>(reference).is_ok());
        assert!(hmut::<Text>(reference).is_err());
        assert_eq!(take_error().0, "BorrowError");
        assert!(hval::<Text>(reference, c"x").is_err());
        take_error();
        release(reference);

        // One handle given twice.
        let source = new_text("b");
        let value: H = make(|out| new(source, out));
        assert!(distinct(value, value).is_err());
        take_error();
        release(value);
        release(source);

        // Panics become exceptions; the end of an iterator is none.
        let mut byte = 0u8;
        assert_eq!(explode(&mut byte), KT_PANIC);
        let (class, message) = take_error();
        assert_eq!(class, "RustPanic");
        assert!(message.contains("index out of bounds"), "{message}");
        assert_eq!(call(&mut || Err(Exit::Stop)), KT_STOP);

        // Numbers are checked; a list that fails half way is given back.
        assert!(int::<u8>(255).is_ok() && int::<u8>(256).is_err());
        assert_eq!(take_error(), ("OverflowError".into(), "256 does not fit in u8".into()));
        let list = new_list::<i64, _>(&TYPES[3], [1u64, 2, u64::MAX], |x| to_int(x));
        assert!(list.is_err());
        assert_eq!(take_error().0, "OverflowError");
        assert_eq!(living(), before);

        // An argument that the receiver stores is kept by it.
        let source = new_text("c");
        let value: H = make(|out| new(source, out));
        let kept: H = make(|out| view(value, out));
        attach(kept, &[keep(source, 1)]);
        release(source);
        assert_eq!(st(source), "c");
        release(kept);
        release(value);
        assert_eq!(living(), before);
    }
}
