#include "worker/runtime/cycles.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/trace.h"
#include "worker/runtime/traceback.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

// While a collection runs, these bits of a tracked object's count say where it stands.
constexpr int64_t kTouched = int64_t{1} << 60;  // keeps a count of 0 apart from a free slot
constexpr int64_t kReached = int64_t{1} << 59;
constexpr int64_t kCount = kReached - 1;

constexpr size_t kFirstThreshold = size_t{8} << 20;  // bytes of slabs
constexpr size_t kFirstBudget = size_t{64} << 20;    // bytes of large blocks
constexpr int kMostRounds = 10;                      // of finalizers that make garbage with finalizers

struct Collector {
    size_t threshold = kFirstThreshold;
    size_t large_blocks = 0;  // bytes since the last collection
    size_t large_budget = 0;  // 0: not known yet
    int64_t objects_then = 0;  // alive after the last collection
    bool enabled = true;
    bool running = false;
    std::unordered_set<const KtObject*> finalized;  // whose __del__ has run: it never runs again
    std::deque<KtObject*> waiting;                  // for their finalizer, owned
};
Collector collector;

size_t slab_bytes() {
    return slabs::cyclic.pages_used * slabs::kPageSize;
}

int64_t count_objects() {
    int64_t count = 0;
    slabs::for_each_page(slabs::cyclic, [&count](const slabs::Page* page) { count += page->used; });
    return count;
}

// Pointers to as many objects as there are; address space that is only used as far as it is filled.
class Pointers {
  public:
    explicit Pointers(size_t capacity)
        : items_(static_cast<KtObject**>(std::malloc(std::max<size_t>(capacity, 1) * sizeof(KtObject*))), &std::free) {}
    [[nodiscard]] bool good() const { return items_ != nullptr; }
    void push(KtObject* object) { items_.get()[size_++] = object; }
    KtObject* pop() { return items_.get()[--size_]; }
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] KtObject** begin() const { return items_.get(); }
    [[nodiscard]] KtObject** end() const { return items_.get() + size_; }

  private:
    std::unique_ptr<KtObject*, decltype(&std::free)> items_;
    size_t size_ = 0;
};

[[noreturn]] void broken_count(const KtObject* object) {
    write_standard_error(fmt::format("kayton: internal error: an object of {} is referred to more often than its count "
                                     "says; please report this program\n",
                                     object->type->name));
    std::abort();
}

// Leaves the unreachable objects in `garbage`, all counts as they were.
void find_garbage(Pointers& garbage) {
    auto take_off = [](KtObject* child) {
        if (slabs::cyclic.contains(child)) child->refcount = (child->refcount | kTouched) - 1;
    };
    slabs::for_each(slabs::cyclic, [&](KtObject* object) {
        object->refcount |= kTouched;
        trace_object(object, take_off);
    });
    Pointers& reached = garbage;  // empty again before it is filled
    auto give_back = [&reached](KtObject* child) {
        if (!slabs::cyclic.contains(child)) return;
        ++child->refcount;
        if ((child->refcount & kReached) == 0) {
            child->refcount |= kReached;
            reached.push(child);
        }
    };
    slabs::for_each(slabs::cyclic, [&](KtObject* object) {
        if ((object->refcount & kTouched) == 0 || object->refcount < 0) broken_count(object);
        if ((object->refcount & kReached) != 0 || (object->refcount & kCount) == 0) return;
        object->refcount |= kReached;
        reached.push(object);
        while (reached.size() != 0) trace_object(reached.pop(), give_back);
    });
    slabs::for_each(slabs::cyclic, [&](KtObject* object) {
        if ((object->refcount & kReached) != 0)
            object->refcount &= kCount;
        else
            garbage.push(object);
    });
    auto restore = [](KtObject* child) {
        if (slabs::cyclic.contains(child)) ++child->refcount;
    };
    for (KtObject* object : garbage) trace_object(object, restore);
    for (KtObject* object : garbage) object->refcount &= kCount;
}

bool has_finalizer(const KtObject* object) {
    if (object->type->kind == KT_KIND_ITERATOR)
        return needs_closing(reinterpret_cast<const KtGenerator*>(object));
    if (object->type->kind != KT_KIND_CLASS && object->type->kind != KT_KIND_EXCEPTION) return false;
    return record_of(object->type).finalize != nullptr && !collector.finalized.contains(object);
}

// What __del__ raises has nowhere to go but standard error.
void run_finalizer(KtObject* object) {
    if (object->type->kind == KT_KIND_ITERATOR) {
        finish_generator(reinterpret_cast<KtGenerator*>(object));
        return;
    }
    collector.finalized.insert(object);
    KtException* const pending = vm.pending;
    vm.pending = nullptr;
    if (record_of(object->type).finalize(object) != KT_OK) {
        const Ref<KtException> error(kt_exception_take());
        write_standard_error(fmt::format("Exception ignored in: <function {}.__del__ at {:#x}>\n",
                                         object->type->name, reinterpret_cast<uintptr_t>(object)) +
                             render_traceback(error.get()));
    }
    vm.pending = pending;
}

// Of garbage: lets go of all that the object holds, so that nothing leads round.
void clear(KtObject* object) {
    const KtTypeInfo* type = object->type;
    auto drop_value = [](const KtTypeInfo* held, void* at) {
        if (held->has_refs == 0) return;
        alignas(16) char small[256];
        std::unique_ptr<char[]> large;
        char* value = small;
        if (held->size > sizeof small) {
            large = std::make_unique<char[]>(held->size);
            value = large.get();
        }
        std::memcpy(value, at, held->size);
        std::memset(at, 0, held->size);
        kt_value_release(held, value);
    };
    switch (type->kind) {
        case KT_KIND_EXCEPTION: {
            auto* exception = reinterpret_cast<KtException*>(object);
            const Ref<KtList> args(exception->args);
            const Ref<KtException> cause(exception->cause);
            const Ref<KtException> context(exception->context);
            exception->args = nullptr;
            exception->cause = exception->context = nullptr;
            [[fallthrough]];
        }
        case KT_KIND_CLASS:
            for (uint32_t i = 0; i < type->args_count; ++i)
                drop_value(type->args[i], reinterpret_cast<char*>(object) + type->offsets[i]);
            break;
        case KT_KIND_LIST: kt_list_clear(reinterpret_cast<KtList*>(object)); break;
        case KT_KIND_DICT:
        case KT_KIND_SET: table_clear(reinterpret_cast<KtDict*>(object)); break;
        case KT_KIND_TUPLE: drop_value(type, reinterpret_cast<KtBox*>(object)->data); break;
        case kKindCell: drop_value(type->args[0], reinterpret_cast<KtCell*>(object)->value); break;
        case KT_KIND_FUNCTION: {
            auto* at = reinterpret_cast<KtObject**>(reinterpret_cast<KtClosure*>(object) + 1);
            auto* end = reinterpret_cast<KtObject**>(reinterpret_cast<char*>(object) + slabs::size_of(object));
            for (; at < end; ++at) release(std::exchange(*at, nullptr));
            break;
        }
        case KT_KIND_ITERATOR: finish_generator(reinterpret_cast<KtGenerator*>(object)); break;
        default: break;
    }
}

// How large the slabs may grow before the next collection, twice what is alive, and how much be taken beside them;
// both within what the process may use.
void set_threshold() {
    const size_t alive = slab_bytes();
    collector.threshold = std::max(kFirstThreshold, alive * 2);
    collector.large_budget = std::max(kFirstBudget, alive * 8);
    rlimit limit{};
    if (::getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur > alive) {
        const size_t share = (limit.rlim_cur - alive) / 4;
        collector.threshold = std::min(collector.threshold, alive + share);
        collector.large_budget = std::min(collector.large_budget, share);
    }
    collector.large_blocks = 0;
}

}  // namespace

int64_t collect_cycles() {
    if (collector.running || vm.dealloc_depth != 0) return 0;
    collector.running = true;
    int64_t collected = 0;
    for (int round = 0; round < kMostRounds; ++round) {
        Pointers garbage(static_cast<size_t>(count_objects()));
        if (!garbage.good()) break;  // no memory to look for some
        find_garbage(garbage);
        for (KtObject* object : garbage) ++object->refcount;
        bool finalized = false;
        for (KtObject* object : garbage) {
            if (!has_finalizer(object)) continue;
            finalized = true;
            run_finalizer(object);
        }
        // A finalizer may have brought any of them back: look again.
        if (!finalized) {
            collected = static_cast<int64_t>(garbage.size());
            for (KtObject* object : garbage) clear(object);
        }
        for (KtObject* object : garbage) release(object);
        if (!finalized) break;
    }
    collector.running = false;
    collector.objects_then = count_objects();
    set_threshold();
    return collected;
}

void consider_collection() {
    const bool due = slab_bytes() > collector.threshold ||
                     (collector.large_budget != 0 && collector.large_blocks > collector.large_budget);
    if (due && collector.enabled && !collector.running) request(kCollectRequest);
}

void note_large_block(size_t size) {
    collector.large_blocks += size;
    if (slabs::cyclic.pages_used == 0) return;
    if (collector.large_budget == 0) set_threshold();
    consider_collection();
}

void enable_collection(bool enabled) {
    collector.enabled = enabled;
}

bool collection_enabled() {
    return collector.enabled;
}

int64_t objects_since_collection() {
    return std::max<int64_t>(0, count_objects() - collector.objects_then);
}

bool defer_destruction(KtObject* object) {
    if (record_of(object->type).finalize == nullptr || collector.finalized.erase(object) != 0) return false;
    object->refcount = 1;
    collector.waiting.push_back(object);
    request(kFinalizeRequest);
    return true;
}

void run_finalizers() {
    if (collector.running) return;
    while (!collector.waiting.empty()) {
        KtObject* object = collector.waiting.front();
        collector.waiting.pop_front();
        run_finalizer(object);
        release(object);
    }
}

namespace {

// The objects with finalizers, each with a reference of ours: those first that the values lead to, in the order in
// which a destruction of the values would come to them.
std::vector<KtObject*> find_finalizers(std::span<const HeldValue> held) {
    std::vector<KtObject*> found;
    std::unordered_set<const KtObject*> seen_elsewhere;
    std::vector<KtObject*> path;
    auto meet = [&](KtObject* object) {
        if (slabs::cyclic.contains(object)) {
            if ((object->refcount & kReached) != 0) return;
            object->refcount |= kReached;
        } else if (!seen_elsewhere.insert(object).second) {
            return;
        }
        path.push_back(object);
    };
    auto walk = [&](KtObject* from) {
        meet(from);
        while (!path.empty()) {
            KtObject* object = path.back();
            path.pop_back();
            if (has_finalizer(object)) found.push_back(object);
            const size_t mark = path.size();
            trace_object(object, meet);
            // Lists and tuples go backwards.
            const uint32_t kind = object->type->kind;
            if (kind != KT_KIND_LIST && kind != KT_KIND_TUPLE)
                std::reverse(path.begin() + static_cast<ptrdiff_t>(mark), path.end());
        }
    };
    for (const HeldValue& value : held) {
        std::vector<TracePlace> places;
        add_places(value.type, 0, places);
        trace_places(places, value.value, walk);
    }
    slabs::for_each(slabs::cyclic, walk);
    slabs::for_each(slabs::cyclic, [](KtObject* object) { object->refcount &= ~kReached; });
    for (KtObject* object : found) retain(object);
    return found;
}

}  // namespace

void finalize_all(std::span<const HeldValue> held) {
    for (int round = 0; round < kMostRounds; ++round) {
        bool any = false;
        slabs::for_each(slabs::cyclic, [&any](const KtObject* object) { any = any || has_finalizer(object); });
        if (!any) return;
        const std::vector<KtObject*> found = find_finalizers(held);
        for (KtObject* object : found) {
            if (has_finalizer(object)) run_finalizer(object);
        }
        for (KtObject* object : found) release(object);
    }
}

extern "C" int64_t kt_gc(int64_t which) {
    switch (which) {
        case 0: return collect_cycles();
        case 1: enable_collection(true); return 0;
        case 2: enable_collection(false); return 0;
        case 3: return collection_enabled() ? 1 : 0;
        default: return objects_since_collection();
    }
}

}  // namespace kayton
