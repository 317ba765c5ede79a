-- (f) A database in memory: filled, indexed, joined, changed. sqlite3 keeps small things in a pool of
-- its own, so its allocations are the larger half of what it does.
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER);
CREATE TABLE visit (person INTEGER, place TEXT, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO person SELECT i, 'name ' || (i * 7919 % 60000), 'city ' || (i % 97), i % 90 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO visit SELECT i % 60000, 'place ' || (i % 1009), printf('%.*c', 40 + i % 300, 'x') FROM n;
CREATE INDEX person_name ON person (name);
CREATE INDEX visit_place ON visit (place, person);
SELECT city, count(*), group_concat(DISTINCT age) FROM person GROUP BY city ORDER BY 2 DESC LIMIT 5;
SELECT p.city, v.place, count(*), max(length(v.note)) FROM visit v JOIN person p ON p.id = v.person
 GROUP BY p.city, v.place ORDER BY 3 DESC, 1, 2 LIMIT 5;
UPDATE person SET name = upper(name) || '!' WHERE age > 30;
SELECT count(*), sum(length(replace(note, 'xx', 'y'))) FROM visit;
DELETE FROM visit WHERE place LIKE '%7';
SELECT count(*) FROM visit;
