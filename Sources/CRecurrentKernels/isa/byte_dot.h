// What the step on bytes needs of one instruction set, for isa/byte_dot.c.

#include "vector.h"

#include "../elementwise/elementary.h"
#include "../cells/lstm_cell.h"
#include "../cells/lstm_step_bytes.h"
#include "../linear/affine_step_bytes.h"
