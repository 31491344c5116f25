// Recipes that come with Kayton: features that people want of a crate by default, and functions that read better than
// its own. kik/recipes/README.md is the format. A crate without one has an empty recipe.
// Pure functions of the files; any thread.
#pragma once

#include <string>
#include <vector>

#include "kik/bindgen/bindgen.h"
#include "shared/result.h"

namespace kayton::kik {

struct Recipe {
    std::vector<std::string> features;
    std::vector<bindgen::RecipeFunction> functions;
    std::string text;  // what a build that used it depends on
};

[[nodiscard]] Result<Recipe> read_recipe(const std::string& crate);
[[nodiscard]] Result<Recipe> parse_recipe(const std::string& text, const std::string& where);

}  // namespace kayton::kik
