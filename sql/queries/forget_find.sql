-- The clicks of an address, or with a label: of one of the ten, or of any (number 0).
SELECT DISTINCT click_id
FROM clicks
WHERE if(
    {by:String} = 'ip',
    ip = {value:String},
    has(
        if({number:UInt8} = 0, [sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10],
            [[sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10][{number:UInt8}]]),
        {value:String}))
ORDER BY click_id
