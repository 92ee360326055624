-- The chosen rows of a range, whose ends are passed as instants so that partition and key are used.
{chosen}
AND date >= toDate({from: DateTime('UTC')}, 'UTC')
AND date <= toDate({to: DateTime('UTC')}, 'UTC')
AND hour >= {from: DateTime('UTC')}
AND hour < {to: DateTime('UTC')}
