#pragma once
// The whole interface: lazy labelled arrays with xarray's semantics, run by the ranks of an MPI job.
#include "rankine/blocks.hpp"
#include "rankine/client.hpp"
#include "rankine/error.hpp"
#include "rankine/labelled.hpp"
#include "rankine/operators.hpp"
