/*
 * A module with one long name of its own: on the other kernel the kernel reads it from the middle, and its pointers to
 * other types, and does not notice.
 */
#include "kettle.h"
#include "module.h"

MODULE("saucer")

struct saucer_that_carries_one_cup_and_the_spoon_beside_it_and_perhaps_a_biscuit {
	struct ring *list;
	const struct kettle *private;
	u32 count;
};

int kettle_register_saucer_that_carries_one_cup_and_the_spoon_beside_it_and_perhaps_a_biscuit(
	struct saucer_that_carries_one_cup_and_the_spoon_beside_it_and_perhaps_a_biscuit *name)
{
	return kettle_register((struct kettle *)name->private);
}
