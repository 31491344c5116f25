#include "worker/runtime/iterators.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/list.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/traceback.h"
#include "worker/runtime/type_record.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

// Generators that ask one another, at most: each step of the outermost goes through all of them.
constexpr int64_t kMaxDepth = 10000;

enum State : int32_t { kCreated, kSuspended, kRunning, kFinished };

// What the built-in iterators are called; a generator written by the program has its function's name.
constexpr std::string_view kBuiltinIterators[] = {"map", "filter", "zip", "enumerate", "reversed", "iterator"};

bool is_builtin_iterator(std::string_view name) {
    for (std::string_view known : kBuiltinIterators)
        if (name == known) return true;
    return false;
}

bool pending_is(Exc id) {
    return vm.pending != nullptr && is_subclass(vm.pending->base.type, exception_type(id));
}

void clear_pending() {
    release(kt_exception_take());
}

// A StopIteration that leaves a generator would end the loop over it without a trace (PEP 479).
void refuse_stop_iteration() {
    const Ref<KtException> stop(kt_exception_take());
    raise(Exc::RuntimeError, "generator raised StopIteration");
    KtException* error = vm.pending;
    release(error->cause);
    release(error->context);
    retain(stop.get());
    retain(stop.get());
    error->cause = stop.get();
    error->context = stop.get();
    error->suppress_context = 1;
}

// Runs the frame to its next yield or its end. REQUIRES: created or suspended; for kResumeThrow a pending exception.
int32_t run(KtGenerator* generator, int32_t action, const void* sent, void* out) {
    generator->out = out;
    generator->sent = sent;
    generator->action = action;
    generator->state = kRunning;
    using Resume = void (*)(void* frame);
    (*static_cast<Resume*>(generator->coroutine))(generator->coroutine);
    const int32_t status = generator->status;
    generator->state = status == KT_OK ? kSuspended : kFinished;
    if (status == KT_ERROR && pending_is(Exc::StopIteration)) refuse_stop_iteration();
    return status;
}

bool too_deep() {
    return vm.generator_depth >= kMaxDepth || kt_recursion_left <= 0 ||
           static_cast<const char*>(__builtin_frame_address(0)) < kt_stack_limit;
}

int32_t close(KtGenerator* generator);

// One step of a generator. While it stands in `yield from`, the inner one is asked, and the outer frame goes on when
// that is at its end.
int32_t step(KtGenerator* generator, int32_t action, const void* sent, void* out) {
    switch (generator->state) {
        case kRunning:
            if (action == kResumeThrow) clear_pending();
            return raise(Exc::ValueError, "generator already executing");
        case kFinished: return action == kResumeThrow ? KT_ERROR : KT_STOP;
        default: break;
    }
    if (too_deep()) {
        if (action == kResumeThrow) clear_pending();
        kt_raise_recursion();
        return KT_ERROR;
    }
    ++vm.generator_depth;
    --kt_recursion_left;
    retain(generator);
    if (KtGenerator* inner = generator->delegate) {
        generator->state = kRunning;
        int32_t status = KT_ERROR;
        if (action == kResumeThrow && pending_is(Exc::GeneratorExit)) {
            KtException* exit = kt_exception_take();
            if (close(inner) == KT_OK) kt_exception_restore(exit);
            release(exit);
        } else {
            status = step(inner, action, sent, out);
        }
        generator->state = kSuspended;
        if (status == KT_OK) {
            release(generator);
            --vm.generator_depth;
            ++kt_recursion_left;
            return KT_OK;
        }
        generator->delegate = nullptr;
        // The loop of the `yield from` asks the inner one again and finds it at its end.
        action = status == KT_ERROR ? kResumeThrow : kResumeNext;
        sent = nullptr;
    }
    const int32_t status = run(generator, action, sent, out);
    release(generator);
    --vm.generator_depth;
    ++kt_recursion_left;
    return status;
}

// Room for a value that nobody wants.
class Discarded {
  public:
    explicit Discarded(const KtGenerator* generator)
        : type_(generator->base.type->args[0]), place_(kt_alloc_zeroed(type_->size < 16 ? 16 : type_->size)) {}
    Discarded(const Discarded&) = delete;
    Discarded& operator=(const Discarded&) = delete;
    ~Discarded() { kt_free(place_); }
    void* place() { return place_; }
    void release_value() { value_release(type_, place_); }

  private:
    const KtTypeInfo* type_;
    void* place_;
};

// Ends a generator as CPython's close() does. KT_ERROR with what its clean-up raised.
int32_t close(KtGenerator* generator) {
    switch (generator->state) {
        case kRunning: return raise(Exc::ValueError, "generator already executing");
        case kFinished: return KT_OK;
        default: break;
    }
    Discarded discarded(generator);
    int32_t status = KT_OK;
    if (KtGenerator* inner = generator->delegate) {
        generator->state = kRunning;
        status = close(inner);
        generator->state = kSuspended;
        generator->delegate = nullptr;
    }
    if (status != KT_OK) {
        status = run(generator, kResumeThrow, nullptr, discarded.place());
    } else if (generator->state == kCreated || generator->guarded == 0) {
        run(generator, kResumeDrop, nullptr, discarded.place());
        return KT_OK;
    } else {
        KtException* exit = kt_exception_new(exception_type(Exc::GeneratorExit), nullptr);
        kt_raise(exit, nullptr);
        release(exit);
        status = run(generator, kResumeThrow, nullptr, discarded.place());
    }
    if (status == KT_OK) {
        discarded.release_value();
        return raise(Exc::RuntimeError, "generator ignored GeneratorExit");
    }
    if (status == KT_ERROR) {
        if (!pending_is(Exc::GeneratorExit)) return KT_ERROR;
        clear_pending();
    }
    return KT_OK;
}

void drop_result(KtGenerator* generator) {
    if (generator->has_result == 0) return;
    generator->has_result = 0;
    value_release(generator->base.type->args[2], generator->result);
}

void drop(KtGenerator* generator) {
    generator->base.refcount = KT_IMMORTAL;  // its frame runs once more, and may hold it
    finish_generator(generator);
}

// Who asked for the frame's references.
void (*trace_visit)(void* context, void* held) = nullptr;
void* trace_context = nullptr;

int32_t next(KtGenerator* generator, void* out) {
    return step(generator, kResumeNext, nullptr, out);
}

// For next(), send() and throw(): the end is an exception, with the value returned.
int32_t or_stop_iteration(KtGenerator* generator, int32_t status) {
    if (status != KT_STOP) return status;
    KtList* args = nullptr;
    if (generator->has_result != 0) {
        const KtTypeInfo* type = generator->base.type->args[2];
        const KtValue value = make_value(type, generator->result);
        if (value.type != &kt_type_none) {
            args = kt_list_new(type_list_dynamic(), 1);
            kt_list_append(args, &value);
        }
        kt_value_release(&kt_type_dynamic, &value);
        drop_result(generator);
    }
    const Ref<KtException> stop(kt_exception_new(exception_type(Exc::StopIteration), args));
    release(args);
    kt_raise(stop.get(), nullptr);
    return KT_ERROR;
}

bool is_none(const KtTypeInfo* type, const void* value) {
    return dynamic_type(type, value) == &kt_type_none;
}

}  // namespace

std::string iterator_title(const KtGenerator* generator) {
    const std::string_view name = generator->info->function;
    return is_builtin_iterator(name) ? std::string(name) + " object" : "generator object " + std::string(name);
}

std::string iterator_type_name(const KtGenerator* generator) {
    const std::string_view name = generator->info->function;
    return is_builtin_iterator(name) ? std::string(name) : "generator";
}

bool needs_closing(const KtGenerator* generator) {
    return generator->state == kSuspended && generator->guarded != 0;
}

void finish_generator(KtGenerator* generator) {
    if (generator->state != kFinished) {
        KtException* pending = kt_exception_take();
        if (close(generator) != KT_OK) {
            const Ref<KtException> error(kt_exception_take());
            error->suppress_context = 1;  // what was going on meanwhile is not shown
            release(error->cause);
            error->cause = nullptr;
            write_standard_error(fmt::format("Exception ignored in: <{} at {:#x}>\n", iterator_title(generator),
                                             reinterpret_cast<uintptr_t>(generator)) +
                                 render_traceback(error.get()));
        }
        vm.pending = pending;
    }
    drop_result(generator);
}

void trace_generator(KtGenerator* generator, void (*visit)(void* context, void* held), void* context) {
    trace_visit = visit;
    trace_context = context;
    if (generator->has_result != 0) {
        std::vector<TracePlace> places;
        add_places(generator->base.type->args[2], 0, places);
        for (const TracePlace& place : places) {
            const char* at = static_cast<const char*>(generator->result) + place.offset;
            if (!place.is_value) {
                kt_trace_held(*reinterpret_cast<void* const*>(at));
            } else {
                const auto* value = reinterpret_cast<const KtValue*>(at);
                kt_trace_held_value(value->type, static_cast<int64_t>(value->payload));
            }
        }
    }
    // What a running one holds counts as held from outside, as the one itself does.
    if (generator->state != kCreated && generator->state != kSuspended) return;
    generator->action = kResumeTrace;
    using Resume = void (*)(void* frame);
    (*static_cast<Resume*>(generator->coroutine))(generator->coroutine);
}

extern "C" {

void kt_trace_held(void* object) {
    trace_visit(trace_context, object);
}

void kt_trace_held_value(const KtTypeInfo* type, int64_t payload) {
    if (type != nullptr && (is_pointer_kind(type->kind) || is_boxed_kind(type->kind)))
        trace_visit(trace_context, reinterpret_cast<void*>(payload));
}

KtGenerator* kt_generator_new(const KtTypeInfo* type, int64_t frame_size, const KtFrameInfo* info) {
    const auto frame = (static_cast<size_t>(frame_size) + 15) / 16 * 16;
    const size_t result = type->args_count == 3 ? type->args[2]->size : 0;
    auto* generator = static_cast<KtGenerator*>(object_alloc(type, sizeof(KtGenerator) + frame + result));
    ++vm.waiting_for_end;
    generator->next = next;
    generator->drop = drop;
    generator->delegate = nullptr;
    generator->info = info;
    generator->result = generator->frame + frame;
    generator->state = kCreated;
    generator->guarded = 0;
    generator->has_result = 0;
    return generator;
}

int32_t kt_iterator_next(void* object, void* out) {
    auto* iterator = static_cast<KtGenerator*>(object);
    return iterator->next(iterator, out);
}

int32_t kt_next(KtGenerator* generator, void* out) {
    return or_stop_iteration(generator, generator->next(generator, out));
}

int32_t kt_generator_send(KtGenerator* generator, const void* value, void* out) {
    if (generator->state == kCreated && !is_none(generator->base.type->args[1], value))
        return raise(Exc::TypeError, "can't send non-None value to a just-started generator");
    return or_stop_iteration(generator, step(generator, kResumeNext, value, out));
}

int32_t kt_generator_throw(KtGenerator* generator, KtException* exception, void* out) {
    kt_raise(exception, nullptr);
    return or_stop_iteration(generator, step(generator, kResumeThrow, nullptr, out));
}

int32_t kt_generator_close(KtGenerator* generator) {
    retain(generator);
    const int32_t status = close(generator);
    release(generator);
    return status;
}

int32_t kt_generator_result(KtGenerator* generator, void* out) {
    if (generator->has_result == 0)
        return raise(Exc::TypeError, "the generator has given its result before: it is None now");
    generator->has_result = 0;
    std::memcpy(out, generator->result, generator->base.type->args[2]->size);
    return KT_OK;
}

int32_t kt_stop_value(KtException* stop, void* out) {
    KtValue value = {&kt_type_none, 0};
    if (stop->args != nullptr && stop->args->length > 0) value = static_cast<const KtValue*>(stop->args->data)[0];
    kt_value_retain(&kt_type_dynamic, &value);
    std::memcpy(out, &value, sizeof value);
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
