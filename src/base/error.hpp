#pragma once
// The errors are a part of the installed interface, and the same types inside.
#include "rankine/error.hpp"
