// kt_startup (shared/runtime.def): fills the slots of a module before its body runs: plugins opened and registered,
// classes defined, types interned, functions fetched and checked. Afterwards generated code uses its slots only.
// Used by the VM's one thread.
#pragma once

#include "worker/plugins/plugin_loader.h"
#include "worker/runtime/runtime.h"

namespace kayton {

// While set, kt_startup gives KT_ERROR without an exception when all is filled: the module's body does not run.
void stop_after_startup(bool stop);

// The loader that kt_startup uses; it must outlive every module. NULL: modules that need plugins are refused.
void set_plugin_loader(PluginLoader* loader);

}  // namespace kayton
