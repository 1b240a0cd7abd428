#ifndef RECURRENT_KERNELS_H
#define RECURRENT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#endif
