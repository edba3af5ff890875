/*
 * A very small vmlinux. With REBUILT two functions come out of line, as they did between openSUSE's kernels 5.15.12-1.1 and
 * -1.3: the source is the same, the compiler decided otherwise.
 */
#include "kettle.h"

const char linux_banner[] =
	"Linux version 5.15.12-1-default (builder@kettle) (gcc (Debian 12.2.0) 12.2.0) #1 SMP PREEMPT\n";

static struct ring kettles = { &kettles, &kettles };
double boiling_point = 100.0;

int kettle_register(struct kettle *kettle)
{
	kettle->list.next = &kettles;
	kettle->list.prev = kettles.prev;
	kettles.prev->next = &kettle->list;
	kettles.prev = &kettle->list;
	return 0;
}

void kettle_unregister(struct kettle *kettle)
{
	kettle->list.prev->next = kettle->list.next;
	kettle->list.next->prev = kettle->list.prev;
}

int kettle_poll(struct kettle *kettle, u32 flags)
{
	kettle->count++;
	return kettle->ops->open(kettle, flags);
}

#ifdef REBUILT
u32 kettle_lid_is_tight_shut(u32 flags, int lid)
{
	return flags & (1u << lid);
}

u64 kettle_hash_ring(struct ring *ring, u64 seed)
{
	return (u64)(unsigned long)ring->next ^ seed;
}
#endif

void _start(void)
{
}
