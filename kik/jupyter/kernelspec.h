// Kernelspecs: the folders by which Jupyter's clients find a kernel. Each of ours names the program and the environment
// that its notebooks use. https://jupyter-client.readthedocs.io/en/stable/kernels.html
// kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

struct Kernelspec {
    std::string name;  // of its folder
    std::filesystem::path folder;
    std::string display_name;
    std::string environment;        // the root of the environment
    std::filesystem::path program;  // kayton-kernel
};

// Jupyter's own folder for data of this person: $JUPYTER_DATA_DIR, else under $XDG_DATA_HOME or ~/.local/share.
[[nodiscard]] Result<std::filesystem::path> jupyter_user_folder();
// The prefix of the Python environment that is active: $VIRTUAL_ENV, else $CONDA_PREFIX. kInput when there is none.
[[nodiscard]] Result<std::filesystem::path> python_prefix();

// Letters, digits, '-', '.' and '_': what Jupyter takes as a kernel's name.
[[nodiscard]] bool is_kernel_name(const std::string& name);

// Writes `data_folder`/kernels/`name`, replacing one that is ours; kInput when another program's kernel has the name.
[[nodiscard]] Result<Kernelspec> install_kernelspec(const std::filesystem::path& data_folder, const std::string& name,
                                                    const std::string& display_name,
                                                    const EnvironmentPlace& environment);
// Our kernelspecs wherever Jupyter looks, in its order.
[[nodiscard]] std::vector<Kernelspec> find_kernelspecs();
[[nodiscard]] Result<void> remove_kernelspec(const Kernelspec& spec);

// Points kernels of an environment that was renamed at its new place; how many there were.
size_t move_kernelspecs(const std::filesystem::path& from, const EnvironmentPlace& to);

}  // namespace kayton::kik
