#pragma once
// The whole interface: lazy labelled arrays with xarray's semantics, and custom graphs of tasks, run by the ranks of an MPI job.
#include "rankine/blocks.hpp"
#include "rankine/client.hpp"
#include "rankine/delayed.hpp"
#include "rankine/error.hpp"
#include "rankine/labelled.hpp"
#include "rankine/operators.hpp"
#include "rankine/task.hpp"
