#include "worker/plugins/startup.h"

#include "worker/runtime/exceptions.h"
#include "worker/runtime/teardown.h"
#include "worker/runtime/type_registry.h"

namespace kayton {
namespace {

// Generated code calls kt_startup without a context, so the one loader of the process is kept here.
PluginLoader* plugin_loader = nullptr;
bool stopping = false;

int32_t raise_failure(const PluginFailure& failure) {
    const KtTypeInfo* type = builtin_exception(failure.class_name);
    return raise_type(type != nullptr ? type : exception_type(Exc::ImportError), failure.message);
}

int32_t load_plugins(const KtStartupTable& table) {
    if (table.plugin_count != 0 && plugin_loader == nullptr) {
        return raise(Exc::ImportError, "this worker was started without an environment, so it has no plugins");
    }
    for (int64_t i = 0; i < table.plugin_count; ++i) {
        const KtPluginNeed& need = table.plugins[i];
        if (const auto loaded = plugin_loader->load(need.name, need.path); !loaded)
            return raise_failure(loaded.error());
    }
    return KT_OK;
}

int32_t fetch_functions(const KtStartupTable& table) {
    for (int64_t i = 0; i < table.function_count; ++i) {
        if (const auto fetched = plugin_loader->fetch(table.functions[i]); !fetched) {
            return raise_failure(fetched.error());
        }
    }
    return KT_OK;
}

}  // namespace

void set_plugin_loader(PluginLoader* loader) {
    plugin_loader = loader;
}

void stop_after_startup(bool stop) {
    stopping = stop;
}

extern "C" int32_t kt_startup(const KtStartupTable* table) {
    if (const int32_t status = load_plugins(*table); status != KT_OK) return status;
    if (const int32_t status = define_classes(table->classes, table->class_count); status != KT_OK) return status;
    if (const int32_t status = fill_types(table->types, table->type_count); status != KT_OK) return status;
    if (table->function_count != 0 && plugin_loader == nullptr) {
        return raise(Exc::ImportError, "this worker was started without an environment, so it has no plugins");
    }
    if (const int32_t status = fetch_functions(*table); status != KT_OK) return status;
    add_globals(table);
    return stopping ? KT_ERROR : KT_OK;
}

}  // namespace kayton
