#include "worker/runtime/teardown.h"

#include <cstring>
#include <vector>

#include "worker/runtime/cycles.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

std::vector<const KtStartupTable*>& tables() {
    static std::vector<const KtStartupTable*> instance;
    return instance;
}

void release_global(const KtGlobalNeed& global) {
    const KtTypeInfo* type = intern_type(global.signature);
    if (type == nullptr) return;  // its module did not start
    std::vector<char> value(type->size);
    std::memcpy(value.data(), global.address, type->size);
    std::memset(global.address, 0, size_t{type->size} + 1);
    value_release(type, value.data());
}

}  // namespace

void add_globals(const KtStartupTable* table) {
    if (table->global_count != 0) tables().push_back(table);
}

bool end_matters() {
    return vm.waiting_for_end != 0 || finalizers_defined();
}

void end_program() {
    std::vector<HeldValue> held;
    for (const KtStartupTable* table : tables()) {
        for (int64_t i = 0; i < table->global_count; ++i) {
            if (const KtTypeInfo* type = intern_type(table->globals[i].signature))
                held.push_back({type, table->globals[i].address});
        }
    }
    // While every global still has its value: no code of the program runs after them.
    run_finalizers();
    finalize_all(held);
    for (const KtStartupTable* table : tables())
        for (int64_t i = 0; i < table->global_count; ++i) release_global(table->globals[i]);
    tables().clear();
    release(kt_exception_take());
    release(vm.argv);
    vm.argv = nullptr;
    (void)collect_cycles();
}

}  // namespace kayton
