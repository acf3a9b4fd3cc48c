#pragma once
#include <string>

#include "array/output_spec.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// The directory of the group that an output writes: path, or path/group.
std::string zarr_group_directory(const array::OutputSpec& spec);

/// Attributes of a group, of a variable.
Json group_attributes(const array::OutputSpec& spec);
Json variable_attributes(const array::OutputSpec& spec, const array::OutputVariable& variable);

/// Writes the documents of a group or of one array into `directory`, which exists.
void write_group_documents(const array::OutputSpec& spec, const std::string& directory);
void write_array_documents(const array::OutputSpec& spec, const array::OutputVariable& variable, const std::string& directory);
/// The document of an existing array with the shape it is to have now, as text.
std::string resized_document(const array::OutputSpec& spec, const array::OutputVariable& variable);

/// Makes .zgroup or zarr.json of the groups from the store's root down to `spec.group`'s parent where they are missing.
void write_parent_groups(const array::OutputSpec& spec);
/// Collects the documents of all that is below the root into .zmetadata or the root's zarr.json. The old ones are
/// replaced at once. `scratch`: a directory of the same file system.
void consolidate(const std::string& root, array::OutputFormat format, const std::string& scratch);
/// True if the store at `root` has consolidated metadata.
bool is_consolidated(const std::string& root, array::OutputFormat format);

}  // namespace rankine::store
