/* What the small kernel and its modules share. */
#ifndef KETTLE_H
#define KETTLE_H

typedef unsigned int u32;
typedef unsigned long long u64;

struct ring {
	struct ring *next, *prev;
};

enum heat {
	HEAT_OFF,
	HEAT_LOW,
	HEAT_HIGH = 7,
};

union reading {
	u64 raw;
	struct {
		u32 degrees;
		u32 seconds;
	};
};

struct kettle_ops;

struct kettle {
	struct ring list;
	const char *name;
	const struct kettle_ops *ops;
	union reading last[4];
	enum heat heat : 4;
	u32 full : 1;
	volatile u32 count;
	void *private;
};

struct kettle_ops {
	int (*open)(struct kettle *kettle, u32 flags);
	void (*close)(struct kettle *kettle);
	enum heat (*state)(const struct kettle *kettle);
};

int kettle_register(struct kettle *kettle);
void kettle_unregister(struct kettle *kettle);

#endif
