/* A module with many names of its own: on the other kernel one of them lands on something that is no name. */
#include "kettle.h"
#include "module.h"

MODULE("teapot")

enum teapot_state {
	TEAPOT_EMPTY,
	TEAPOT_STEEPING,
	TEAPOT_READY,
};

struct teapot_leaf {
	struct ring siblings;
	u32 grams;
};

struct teapot {
	struct kettle kettle;
	struct teapot_leaf leaves[3];
	enum teapot_state state;
	const char *blend;
	int (*pour)(struct teapot *teapot, u32 cups);
};

static struct teapot teapot;

int teapot_open(struct kettle *kettle, u32 flags)
{
	teapot.state = flags ? TEAPOT_STEEPING : TEAPOT_EMPTY;
	return teapot.pour ? teapot.pour(&teapot, flags) : kettle_register(kettle);
}

int init_module(void)
{
	return kettle_register(&teapot.kettle);
}

void cleanup_module(void)
{
	kettle_unregister(&teapot.kettle);
}
