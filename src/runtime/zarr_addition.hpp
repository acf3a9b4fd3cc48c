#pragma once
#include <optional>
#include <string>
#include <vector>

#include "array/cf_encode.hpp"
#include "script/host.hpp"

/// to_zarr(mode="a" | "r+", region=, append_dim=): what is written goes into a store that is there.
namespace rankine::runtime {

/// The dataset with the encodings that its variables have in the store, as xarray takes them: what is added must be
/// packed, dated and filled like what is there. Throws UsageError where the user gave another encoding.
array::Dataset with_existing_encodings(array::Dataset dataset, const array::Catalogue& there,
                                       const script::SinkOptions& options, const array::LoadFn& load);

/// Turns outputs of whole variables into outputs of parts, where region= or append_dim= says so. The parts are widened
/// to whole stored chunks by what the store holds already, so that no two tasks write one chunk and a task that
/// is repeated writes the same bytes. Variables that are new in the store get the store's length along append_dim, missing
/// before their first value. Throws UsageError where dims, shapes or names do not fit, where integers have nothing that
/// says "missing", and where an array of the store would stay behind.
void fit_into_existing(array::EncodedDataset& encoded, const array::Catalogue& there, const script::SinkOptions& options,
                       const array::LoadFn& load);

/// The store as it was when `dim` had `size` elements: before a run, which a job goes on with, appended to it.
array::Catalogue before_append(array::Catalogue there, const std::string& dim, std::int64_t size);

/// How long `dim` is there.
std::int64_t size_of_dim(const array::Catalogue& there, const std::string& dim);

}  // namespace rankine::runtime
