#pragma once
#include <functional>

#include "store/hdf5/hdf5_file.hpp"

namespace rankine::store {

/// Hands every record of a version 2 B-tree to `use`, in the tree's order. `type`: what the tree must hold.
/// Every node's checksum is verified. Throws InputError if the structure is damaged; a node that is met twice
/// is damage, so the walk ends.
/// Source: "HDF5 File Format Specification" version 3.0, III.A.2.
void walk_btree2(const Hdf5File& file, std::uint64_t header_address, int type,
                 const std::function<void(Hdf5Fields& record)>& use);

}  // namespace rankine::store
