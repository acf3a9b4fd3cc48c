#pragma once
#include "script/value.hpp"

namespace rankine::script {

/// Makes the attributes of `object`, a DataArray or Dataset, those of the dict that it was given: as in xarray a dict of its
/// own, with the same values, so that what a script puts into a list among them later is in the attribute as well.
void share_attributes(const Value& object, const Value& dict);
/// The same for a variable of a dataset that was made of the DataArray `value`; of other values nothing is shared.
void share_attributes_of(const Value& dataset, const std::string& name, const Value& value);

}  // namespace rankine::script
