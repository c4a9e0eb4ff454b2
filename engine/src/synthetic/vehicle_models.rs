//! The models of the generated vehicle file: plausible figures written for it, not measured or copied ones.

/// A model as it was sold over some years. Figures are of its simplest trim in its last year.
pub(super) struct Model {
    pub(super) make: &'static str,
    pub(super) model: &'static str,
    /// Model years, both included.
    pub(super) years: (u16, u16),
    /// `C` compact, `M` midsize, `L` large.
    pub(super) size: char,
    pub(super) style: &'static str,
    pub(super) doors: u8,
    /// `R` regular, `Q` premium recommended, `P` premium required, `F` flex-fuel, `D` diesel, `E` electric.
    pub(super) fuel: char,
    pub(super) hp: u16,
    pub(super) cylinders: u8,
    /// `F` front, `R` rear, `A` all, `4` four wheel drive.
    pub(super) drive: char,
    /// `A` automatic, `M` manual, `S` automated manual, `D` direct drive.
    pub(super) gear: char,
    /// Market category, empty where the file says `N/A`.
    pub(super) category: &'static str,
    pub(super) city_mpg: u16,
    pub(super) highway_mpg: u16,
    /// US dollars.
    pub(super) msrp: u32,
}

macro_rules! models {
    ($($make:literal $model:literal $first:literal $last:literal $size:literal $style:literal $doors:literal
       $fuel:literal $hp:literal $cylinders:literal $drive:literal $gear:literal $category:literal
       $city:literal $highway:literal $msrp:literal;)*) => {
        &[$(Model {
            make: $make, model: $model, years: ($first, $last), size: $size, style: $style, doors: $doors,
            fuel: $fuel, hp: $hp, cylinders: $cylinders, drive: $drive, gear: $gear, category: $category,
            city_mpg: $city, highway_mpg: $highway, msrp: $msrp,
        }),*]
    };
}

/// Makes of the Stellantis group, as the file prints them.
pub(super) const STELLANTIS: [&str; 14] = [
    "Abarth",
    "Alfa Romeo",
    "Chrysler",
    "Citroen",
    "Dodge",
    "DS",
    "FIAT",
    "Jeep",
    "Lancia",
    "Maserati",
    "Opel",
    "Peugeot",
    "Ram",
    "Vauxhall",
];

/// All models, by make.
pub(super) const MODELS: &[Model] = models! {
    "Abarth" "595" 2012 2017 'C' "2dr Hatchback" 2 'Q' 143 4 'F' 'M' "Hatchback,Performance" 30 41 24500;
    "Abarth" "124 Spider" 2016 2017 'C' "Convertible" 2 'Q' 170 4 'R' 'M' "Performance" 26 35 33900;
    "Acura" "ILX" 2013 2017 'C' "Sedan" 4 'Q' 201 4 'F' 'S' "Luxury" 25 35 27990;
    "Acura" "Integra" 1990 2001 'C' "2dr Hatchback" 2 'R' 140 4 'F' 'M' "Hatchback" 22 28 21600;
    "Acura" "MDX" 2001 2017 'M' "4dr SUV" 4 'Q' 290 6 'A' 'A' "Crossover,Luxury" 19 26 44050;
    "Acura" "TLX" 2015 2017 'M' "Sedan" 4 'Q' 206 4 'F' 'S' "Luxury" 24 35 31900;
    "Alfa Romeo" "4C" 2015 2017 'C' "Coupe" 2 'P' 237 4 'R' 'S' "Luxury,High-Performance" 24 34 55900;
    "Alfa Romeo" "164" 1991 1995 'M' "Sedan" 4 'Q' 210 6 'F' 'M' "Luxury" 15 22 34890;
    "Alfa Romeo" "Giulia" 2016 2017 'M' "Sedan" 4 'P' 280 4 'R' 'A' "Luxury,Performance" 24 33 37995;
    "Alfa Romeo" "Giulietta" 2011 2017 'C' "4dr Hatchback" 4 'Q' 170 4 'F' 'M' "Hatchback" 28 40 26500;
    "Aston Martin" "DB9" 2005 2016 'M' "Coupe" 2 'P' 510 12 'R' 'A' "Exotic,High-Performance" 13 19 199950;
    "Aston Martin" "V8 Vantage" 2006 2017 'C' "Coupe" 2 'P' 430 8 'R' 'M' "Exotic,High-Performance" 13 19 104200;
    "Audi" "A4" 1997 2017 'M' "Sedan" 4 'Q' 190 4 'F' 'S' "Luxury" 27 37 34900;
    "Audi" "A6" 1995 2017 'M' "Sedan" 4 'Q' 252 4 'A' 'A' "Luxury" 22 31 47600;
    "Audi" "Q5" 2009 2017 'M' "4dr SUV" 4 'Q' 220 4 'A' 'A' "Crossover,Luxury" 20 27 40900;
    "Audi" "TT" 2000 2017 'C' "Coupe" 2 'Q' 220 4 'A' 'S' "Luxury,Performance" 23 30 43500;
    "Bentley" "Continental GT" 2004 2017 'M' "Coupe" 2 'P' 500 8 'A' 'A' "Exotic,Luxury,High-Performance" 15 24 198500;
    "BMW" "3 Series" 1992 2017 'M' "Sedan" 4 'P' 180 4 'R' 'A' "Luxury" 23 34 33450;
    "BMW" "5 Series" 1990 2017 'M' "Sedan" 4 'P' 240 4 'R' 'A' "Luxury" 23 34 51200;
    "BMW" "X5" 2000 2017 'M' "4dr SUV" 4 'P' 300 6 'A' 'A' "Crossover,Luxury" 18 25 55500;
    "BMW" "i3" 2014 2017 'C' "4dr Hatchback" 4 'E' 170 0 'R' 'D' "Hatchback,Luxury" 129 106 42400;
    "Bugatti" "Veyron 16.4" 2008 2009 'C' "Coupe" 2 'P' 1001 16 'A' 'S' "Exotic,High-Performance" 8 14 1500000;
    "Buick" "Century" 1990 2005 'M' "Sedan" 4 'R' 175 6 'F' 'A' "" 18 27 22605;
    "Buick" "Enclave" 2008 2017 'L' "4dr SUV" 4 'R' 288 6 'F' 'A' "Crossover,Luxury" 15 22 39065;
    "Buick" "LaCrosse" 2005 2017 'L' "Sedan" 4 'R' 305 6 'F' 'A' "Luxury" 21 31 32065;
    "Cadillac" "CTS" 2003 2017 'M' "Sedan" 4 'Q' 268 4 'R' 'A' "Luxury,Performance" 22 31 46555;
    "Cadillac" "Escalade" 1999 2017 'L' "4dr SUV" 4 'Q' 420 8 'R' 'A' "Luxury,Performance" 15 22 73395;
    "Chevrolet" "Camaro" 1990 2017 'M' "Coupe" 2 'R' 275 4 'R' 'M' "Performance" 20 30 25905;
    "Chevrolet" "Colorado" 2004 2017 'C' "Crew Cab Pickup" 4 'R' 200 4 'R' 'A' "" 20 26 20055;
    "Chevrolet" "Corvette" 1990 2017 'C' "Coupe" 2 'Q' 455 8 'R' 'M' "High-Performance" 17 29 55450;
    "Chevrolet" "Cruze" 2011 2017 'M' "Sedan" 4 'R' 153 4 'F' 'A' "" 29 39 16975;
    "Chevrolet" "Impala" 2000 2017 'L' "Sedan" 4 'F' 196 4 'F' 'A' "" 22 31 27300;
    "Chevrolet" "Malibu" 1997 2017 'M' "Sedan" 4 'R' 160 4 'F' 'A' "" 27 36 21680;
    "Chevrolet" "Silverado 1500" 1999 2017 'L' "Crew Cab Pickup" 4 'F' 285 6 '4' 'A' "" 18 24 27785;
    "Chevrolet" "Tahoe" 1995 2017 'L' "4dr SUV" 4 'F' 355 8 'R' 'A' "" 16 23 47215;
    "Chevrolet" "Volt" 2011 2017 'C' "4dr Hatchback" 4 'R' 149 4 'F' 'A' "Hatchback,Hybrid" 43 42 33220;
    "Chrysler" "200" 2011 2017 'M' "Sedan" 4 'R' 184 4 'F' 'A' "" 23 36 22115;
    "Chrysler" "300" 2005 2017 'L' "Sedan" 4 'R' 292 6 'R' 'A' "Luxury" 19 30 32260;
    "Chrysler" "Pacifica" 2017 2017 'L' "Passenger Minivan" 4 'R' 287 6 'F' 'A' "" 18 28 28595;
    "Chrysler" "PT Cruiser" 2001 2010 'C' "Wagon" 4 'R' 150 4 'F' 'M' "" 19 24 18220;
    "Chrysler" "Sebring" 1995 2010 'M' "Convertible" 2 'F' 173 4 'F' 'A' "" 19 27 20120;
    "Chrysler" "Town and Country" 1990 2016 'L' "Passenger Minivan" 4 'F' 283 6 'F' 'A' "" 17 25 29995;
    "Citroen" "C3" 2002 2017 'C' "4dr Hatchback" 4 'R' 82 3 'F' 'M' "Hatchback" 40 55 15200;
    "Citroen" "C4 Picasso" 2007 2017 'M' "Passenger Minivan" 4 'D' 120 4 'F' 'M' "Diesel" 44 60 26400;
    "Citroen" "C5" 2001 2017 'M' "Sedan" 4 'D' 150 4 'F' 'A' "Diesel" 38 52 29500;
    "Citroen" "XM" 1990 2000 'L' "4dr Hatchback" 4 'R' 135 4 'F' 'M' "Hatchback" 20 30 31000;
    "Dodge" "Caravan" 1990 2007 'M' "Passenger Minivan" 4 'R' 150 4 'F' 'A' "" 18 24 19330;
    "Dodge" "Challenger" 2008 2017 'L' "Coupe" 2 'R' 305 6 'R' 'A' "Performance" 19 30 26995;
    "Dodge" "Charger" 2006 2017 'L' "Sedan" 4 'F' 292 6 'R' 'A' "Performance" 19 31 28495;
    "Dodge" "Dakota" 1990 2011 'C' "Extended Cab Pickup" 4 'R' 210 6 'R' 'A' "" 14 19 22905;
    "Dodge" "Dart" 2013 2016 'M' "Sedan" 4 'R' 160 4 'F' 'M' "" 24 34 16995;
    "Dodge" "Durango" 1998 2017 'L' "4dr SUV" 4 'F' 293 6 'A' 'A' "Crossover" 18 25 30495;
    "Dodge" "Grand Caravan" 1990 2017 'L' "Passenger Minivan" 4 'F' 283 6 'F' 'A' "" 17 25 22495;
    "Dodge" "Journey" 2009 2017 'M' "4dr SUV" 4 'R' 173 4 'F' 'A' "Crossover" 19 26 20995;
    "Dodge" "Stealth" 1991 1996 'C' "2dr Hatchback" 2 'Q' 222 6 'F' 'M' "Hatchback,Performance" 17 22 24572;
    "Dodge" "Viper" 1992 2017 'C' "Coupe" 2 'P' 640 10 'R' 'M' "Exotic,Factory Tuner,High-Performance" 12 21 87895;
    "DS" "3" 2015 2017 'C' "2dr Hatchback" 2 'R' 110 3 'F' 'M' "Hatchback" 38 52 19800;
    "DS" "4" 2015 2017 'C' "4dr Hatchback" 4 'R' 165 4 'F' 'A' "Hatchback,Luxury" 30 42 25900;
    "DS" "5" 2015 2017 'M' "4dr Hatchback" 4 'D' 180 4 'F' 'A' "Hatchback,Luxury" 40 53 33700;
    "Ferrari" "360" 2000 2005 'C' "Coupe" 2 'P' 400 8 'R' 'S' "Exotic,High-Performance" 11 16 154090;
    "Ferrari" "California" 2009 2016 'C' "Convertible" 2 'P' 483 8 'R' 'S' "Exotic,Luxury,High-Performance" 13 19 198190;
    "FIAT" "124 Spider" 2017 2017 'C' "Convertible" 2 'Q' 160 4 'R' 'M' "Performance" 26 35 24995;
    "FIAT" "500" 2012 2017 'C' "2dr Hatchback" 2 'R' 101 4 'F' 'M' "Hatchback" 31 38 14995;
    "FIAT" "500e" 2013 2017 'C' "2dr Hatchback" 2 'E' 111 0 'F' 'D' "Hatchback" 121 103 31800;
    "FIAT" "500L" 2014 2017 'C' "Wagon" 4 'R' 160 4 'F' 'M' "" 25 33 19995;
    "FIAT" "500X" 2016 2017 'C' "4dr SUV" 4 'R' 160 4 'F' 'M' "Crossover" 25 33 19995;
    "FIAT" "Panda" 2003 2017 'C' "4dr Hatchback" 4 'R' 69 4 'F' 'M' "Hatchback" 39 52 12400;
    "FIAT" "Tipo" 1990 2017 'C' "4dr Hatchback" 4 'R' 95 4 'F' 'M' "Hatchback" 33 45 17300;
    "Ford" "Escape" 2001 2017 'C' "4dr SUV" 4 'R' 168 4 'F' 'A' "Crossover" 21 29 23600;
    "Ford" "Explorer" 1991 2017 'M' "4dr SUV" 4 'R' 290 6 'F' 'A' "Crossover" 17 24 31160;
    "Ford" "F-150" 1990 2017 'L' "Crew Cab Pickup" 4 'F' 282 6 '4' 'A' "" 17 23 27110;
    "Ford" "Fiesta" 2011 2017 'C' "4dr Hatchback" 4 'R' 120 4 'F' 'M' "Hatchback" 27 35 14260;
    "Ford" "Focus" 2000 2017 'C' "Sedan" 4 'F' 160 4 'F' 'M' "" 26 36 16775;
    "Ford" "Fusion" 2006 2017 'M' "Sedan" 4 'R' 175 4 'F' 'A' "" 21 32 22120;
    "Ford" "Mustang" 1990 2017 'M' "Coupe" 2 'R' 300 6 'R' 'M' "Performance" 18 27 24645;
    "Ford" "Transit Connect" 2010 2017 'C' "Cargo Van" 4 'R' 169 4 'F' 'A' "" 20 28 23010;
    "Genesis" "G80" 2017 2017 'L' "Sedan" 4 'R' 311 6 'R' 'A' "Luxury" 19 27 41400;
    "GMC" "Acadia" 2007 2017 'L' "4dr SUV" 4 'R' 194 4 'F' 'A' "Crossover" 21 26 29070;
    "GMC" "Savana" 2000 2017 'L' "Passenger Van" 4 'F' 285 8 'R' 'A' "" 11 17 34550;
    "GMC" "Sierra 1500" 1999 2017 'L' "Extended Cab Pickup" 4 'F' 285 6 '4' 'A' "" 18 24 28590;
    "GMC" "Yukon" 1992 2017 'L' "4dr SUV" 4 'F' 355 8 'R' 'A' "" 16 23 49065;
    "Honda" "Accord" 1990 2017 'M' "Sedan" 4 'R' 185 4 'F' 'M' "" 26 35 22455;
    "Honda" "Civic" 1990 2017 'C' "Sedan" 4 'R' 158 4 'F' 'M' "" 28 40 18740;
    "Honda" "CR-V" 1997 2017 'M' "4dr SUV" 4 'R' 184 4 'F' 'A' "Crossover" 26 32 24045;
    "Honda" "Fit" 2007 2017 'C' "4dr Hatchback" 4 'R' 130 4 'F' 'M' "Hatchback" 29 36 15990;
    "Honda" "Odyssey" 1995 2017 'L' "Passenger Minivan" 4 'R' 248 6 'F' 'A' "" 19 27 29850;
    "HUMMER" "H3" 2006 2010 'M' "4dr SUV" 4 'R' 239 5 '4' 'M' "" 14 18 33390;
    "Hyundai" "Elantra" 1992 2017 'M' "Sedan" 4 'R' 147 4 'F' 'M' "" 26 36 17150;
    "Hyundai" "Santa Fe" 2001 2017 'M' "4dr SUV" 4 'R' 290 6 'F' 'A' "Crossover" 18 25 30800;
    "Hyundai" "Sonata" 1990 2017 'M' "Sedan" 4 'R' 185 4 'F' 'A' "" 25 36 21950;
    "Hyundai" "Veloster" 2012 2017 'C' "2dr Hatchback" 3 'R' 132 4 'F' 'M' "Hatchback" 27 36 18000;
    "Infiniti" "G37" 2008 2013 'M' "Sedan" 4 'P' 328 6 'R' 'A' "Luxury,Performance" 19 27 37200;
    "Infiniti" "QX60" 2014 2017 'L' "4dr SUV" 4 'Q' 295 6 'F' 'A' "Crossover,Luxury" 20 27 42800;
    "Jaguar" "XF" 2009 2017 'M' "Sedan" 4 'P' 240 4 'R' 'A' "Luxury" 25 35 47700;
    "Jaguar" "XK" 2007 2015 'M' "Coupe" 2 'P' 385 8 'R' 'A' "Luxury,High-Performance" 16 24 84500;
    "Jeep" "Cherokee" 1990 2017 'M' "4dr SUV" 4 'R' 184 4 'F' 'A' "Crossover" 21 30 23495;
    "Jeep" "Compass" 2007 2017 'C' "4dr SUV" 4 'R' 158 4 'F' 'M' "Crossover" 23 30 19695;
    "Jeep" "Grand Cherokee" 1993 2017 'M' "4dr SUV" 4 'F' 295 6 'R' 'A' "" 18 25 30395;
    "Jeep" "Liberty" 2002 2012 'M' "4dr SUV" 4 'R' 210 6 '4' 'A' "" 16 22 23395;
    "Jeep" "Patriot" 2007 2017 'C' "4dr SUV" 4 'R' 158 4 'F' 'M' "Crossover" 23 30 17895;
    "Jeep" "Renegade" 2015 2017 'C' "4dr SUV" 4 'R' 160 4 'F' 'M' "Crossover" 24 31 17995;
    "Jeep" "Wrangler" 1990 2017 'C' "2dr SUV" 2 'R' 285 6 '4' 'M' "" 17 21 23995;
    "Kia" "Optima" 2001 2017 'M' "Sedan" 4 'R' 185 4 'F' 'A' "" 25 36 22200;
    "Kia" "Rio" 2001 2017 'C' "Sedan" 4 'R' 138 4 'F' 'M' "" 27 37 14165;
    "Kia" "Sorento" 2003 2017 'M' "4dr SUV" 4 'R' 185 4 'F' 'A' "Crossover" 21 28 25600;
    "Kia" "Soul" 2010 2017 'C' "Wagon" 4 'R' 130 4 'F' 'M' "" 24 30 16100;
    "Lamborghini" "Gallardo" 2004 2014 'C' "Coupe" 2 'P' 550 10 'A' 'S' "Exotic,High-Performance" 13 20 191900;
    "Lancia" "Delta" 1990 2014 'C' "4dr Hatchback" 4 'Q' 140 4 'F' 'M' "Hatchback" 28 40 25400;
    "Lancia" "Thema" 1990 2014 'L' "Sedan" 4 'D' 190 6 'R' 'A' "Luxury" 25 36 44000;
    "Lancia" "Ypsilon" 1996 2017 'C' "4dr Hatchback" 4 'R' 69 4 'F' 'M' "Hatchback" 37 50 13900;
    "Land Rover" "Discovery" 1994 2004 'M' "4dr SUV" 4 'P' 217 8 '4' 'A' "Luxury" 12 16 34995;
    "Land Rover" "Range Rover Sport" 2006 2017 'M' "4dr SUV" 4 'P' 340 6 '4' 'A' "Luxury,Performance" 17 23 65650;
    "Lexus" "ES 350" 2007 2017 'M' "Sedan" 4 'R' 268 6 'F' 'A' "Luxury" 21 30 38900;
    "Lexus" "IS 250" 2006 2015 'M' "Sedan" 4 'P' 204 6 'R' 'A' "Luxury" 21 30 36550;
    "Lexus" "RX 350" 2007 2017 'M' "4dr SUV" 4 'R' 295 6 'F' 'A' "Crossover,Luxury" 20 27 43120;
    "Lincoln" "MKZ" 2007 2017 'M' "Sedan" 4 'R' 245 4 'F' 'A' "Luxury" 21 31 35170;
    "Lincoln" "Town Car" 1990 2011 'L' "Sedan" 4 'F' 239 8 'R' 'A' "Luxury" 16 24 47225;
    "Lotus" "Elise" 2005 2011 'C' "Convertible" 2 'P' 189 4 'R' 'M' "Exotic,High-Performance" 21 27 51845;
    "Maserati" "Ghibli" 2014 2017 'L' "Sedan" 4 'P' 345 6 'R' 'A' "Exotic,Luxury,High-Performance" 17 24 71600;
    "Maserati" "GranTurismo" 2008 2017 'M' "Coupe" 2 'P' 454 8 'R' 'A' "Exotic,Luxury,High-Performance" 13 21 132825;
    "Maserati" "Levante" 2017 2017 'L' "4dr SUV" 4 'P' 345 6 'A' 'A' "Crossover,Exotic,Luxury,Performance" 14 20 72000;
    "Maserati" "Quattroporte" 2004 2017 'L' "Sedan" 4 'P' 404 6 'R' 'A' "Exotic,Luxury,Performance" 16 23 102500;
    "Maybach" "57" 2005 2012 'L' "Sedan" 4 'P' 543 12 'R' 'A' "Exotic,Luxury" 10 16 379050;
    "Mazda" "CX-5" 2013 2017 'C' "4dr SUV" 4 'R' 155 4 'F' 'M' "Crossover" 26 33 21795;
    "Mazda" "MX-5 Miata" 1990 2017 'C' "Convertible" 2 'Q' 155 4 'R' 'M' "Performance" 26 33 24915;
    "Mazda" "Mazda3" 2004 2017 'C' "Sedan" 4 'R' 155 4 'F' 'M' "" 28 37 17845;
    "McLaren" "650S Coupe" 2015 2016 'C' "Coupe" 2 'P' 641 8 'R' 'S' "Exotic,High-Performance" 16 22 265500;
    "Mercedes-Benz" "C-Class" 1994 2017 'M' "Sedan" 4 'P' 241 4 'R' 'A' "Luxury" 24 34 39500;
    "Mercedes-Benz" "E-Class" 1994 2017 'M' "Sedan" 4 'P' 241 4 'R' 'A' "Luxury" 22 30 52150;
    "Mercedes-Benz" "GLE-Class" 2016 2017 'M' "4dr SUV" 4 'P' 302 6 'R' 'A' "Crossover,Luxury" 18 23 52000;
    "Mercedes-Benz" "SL-Class" 1990 2017 'C' "Convertible" 2 'P' 362 6 'R' 'A' "Luxury,High-Performance" 20 27 86950;
    "Mitsubishi" "Lancer" 2002 2017 'C' "Sedan" 4 'R' 148 4 'F' 'M' "" 24 33 17795;
    "Mitsubishi" "Outlander" 2003 2017 'M' "4dr SUV" 4 'R' 166 4 'F' 'A' "Crossover" 25 30 23495;
    "Nissan" "Altima" 1993 2017 'M' "Sedan" 4 'R' 179 4 'F' 'A' "" 27 39 22500;
    "Nissan" "Frontier" 1998 2017 'C' "Crew Cab Pickup" 4 'R' 152 4 'R' 'M' "" 19 23 18390;
    "Nissan" "Leaf" 2011 2017 'C' "4dr Hatchback" 4 'E' 107 0 'F' 'D' "Hatchback" 124 101 30680;
    "Nissan" "Maxima" 1990 2017 'M' "Sedan" 4 'Q' 300 6 'F' 'A' "Luxury" 21 30 32610;
    "Nissan" "Rogue" 2008 2017 'C' "4dr SUV" 4 'R' 170 4 'F' 'A' "Crossover" 26 33 23820;
    "Nissan" "Sentra" 1990 2017 'M' "Sedan" 4 'R' 124 4 'F' 'M' "" 27 35 16990;
    "Nissan" "Titan" 2004 2017 'L' "Crew Cab Pickup" 4 'F' 390 8 '4' 'A' "" 15 21 34780;
    "Oldsmobile" "Cutlass Supreme" 1990 1997 'M' "Coupe" 2 'R' 160 6 'F' 'A' "" 18 27 18200;
    "Opel" "Astra" 1992 2017 'C' "4dr Hatchback" 4 'R' 125 4 'F' 'M' "Hatchback" 36 50 19900;
    "Opel" "Corsa" 1993 2017 'C' "4dr Hatchback" 4 'R' 90 4 'F' 'M' "Hatchback" 37 51 15100;
    "Opel" "Insignia" 2009 2017 'L' "Sedan" 4 'D' 136 4 'F' 'A' "Diesel" 40 58 28900;
    "Opel" "Zafira" 1999 2017 'M' "Passenger Minivan" 4 'D' 134 4 'F' 'M' "Diesel" 38 52 24600;
    "Peugeot" "208" 2012 2017 'C' "4dr Hatchback" 4 'R' 82 3 'F' 'M' "Hatchback" 40 56 15900;
    "Peugeot" "308" 2008 2017 'C' "4dr Hatchback" 4 'R' 130 3 'F' 'M' "Hatchback" 38 53 21800;
    "Peugeot" "405" 1990 1997 'M' "Sedan" 4 'R' 110 4 'F' 'M' "" 22 30 16500;
    "Peugeot" "3008" 2009 2017 'M' "4dr SUV" 4 'D' 120 4 'F' 'A' "Crossover,Diesel" 45 58 29400;
    "Peugeot" "508" 2011 2017 'M' "Sedan" 4 'D' 150 4 'F' 'M' "Diesel" 42 58 30100;
    "Plymouth" "Voyager" 1990 2000 'M' "Passenger Minivan" 4 'R' 150 4 'F' 'A' "" 18 24 19200;
    "Pontiac" "Grand Am" 1990 2005 'M' "Sedan" 4 'R' 140 4 'F' 'A' "" 22 30 20235;
    "Pontiac" "Vibe" 2003 2010 'C' "4dr Hatchback" 4 'R' 132 4 'F' 'M' "Hatchback" 26 32 16100;
    "Porsche" "911" 1990 2017 'C' "Coupe" 2 'P' 370 6 'R' 'S' "Luxury,High-Performance" 22 30 89400;
    "Porsche" "Cayenne" 2003 2017 'L' "4dr SUV" 4 'P' 300 6 'A' 'A' "Crossover,Luxury,Performance" 19 24 59600;
    "Ram" "1500" 2011 2017 'L' "Crew Cab Pickup" 4 'F' 305 6 '4' 'A' "" 16 23 26395;
    "Ram" "C/V Tradesman" 2012 2015 'L' "Cargo Van" 4 'F' 283 6 'F' 'A' "" 17 25 23040;
    "Ram" "ProMaster City" 2015 2017 'M' "Cargo Van" 4 'R' 178 4 'F' 'A' "" 21 28 23595;
    "Rolls-Royce" "Ghost" 2010 2017 'L' "Sedan" 4 'P' 563 12 'R' 'A' "Exotic,Luxury,Performance" 12 19 295850;
    "Saab" "9-3" 1999 2011 'M' "Sedan" 4 'Q' 210 4 'F' 'M' "Luxury" 20 33 28900;
    "Saturn" "ION" 2003 2007 'C' "Sedan" 4 'R' 145 4 'F' 'M' "" 24 32 13490;
    "Scion" "tC" 2005 2016 'C' "2dr Hatchback" 2 'R' 179 4 'F' 'M' "Hatchback" 23 31 19385;
    "Subaru" "Forester" 1998 2017 'C' "4dr SUV" 4 'R' 170 4 'A' 'M' "Crossover" 22 28 22595;
    "Subaru" "Impreza WRX" 2002 2014 'C' "Sedan" 4 'P' 265 4 'A' 'M' "Performance" 19 25 25795;
    "Subaru" "Legacy" 1990 2017 'M' "Sedan" 4 'R' 175 4 'A' 'A' "" 25 34 21995;
    "Suzuki" "Sidekick" 1990 1998 'C' "2dr SUV" 2 'R' 95 4 '4' 'M' "" 22 25 14100;
    "Suzuki" "SX4" 2007 2013 'C' "Sedan" 4 'R' 150 4 'F' 'M' "" 23 32 15999;
    "Tesla" "Model S" 2012 2016 'L' "Sedan" 4 'E' 373 0 'R' 'D' "Exotic,High-Performance" 88 90 71000;
    "Toyota" "4Runner" 1990 2017 'M' "4dr SUV" 4 'R' 270 6 'R' 'A' "" 17 21 34010;
    "Toyota" "Camry" 1990 2017 'M' "Sedan" 4 'R' 178 4 'F' 'A' "" 24 33 23070;
    "Toyota" "Corolla" 1990 2017 'C' "Sedan" 4 'R' 132 4 'F' 'M' "" 27 36 18500;
    "Toyota" "Prius" 2001 2017 'M' "4dr Hatchback" 4 'R' 121 4 'F' 'A' "Hatchback,Hybrid" 54 50 24685;
    "Toyota" "RAV4" 1996 2017 'C' "4dr SUV" 4 'R' 176 4 'F' 'A' "Crossover" 23 30 24410;
    "Toyota" "Sienna" 1998 2017 'L' "Passenger Minivan" 4 'R' 296 6 'F' 'A' "" 19 27 29750;
    "Toyota" "Tacoma" 1995 2017 'C' "Extended Cab Pickup" 4 'R' 159 4 'R' 'M' "" 19 23 24120;
    "Toyota" "Tundra" 2000 2017 'L' "Crew Cab Pickup" 4 'F' 310 8 '4' 'A' "" 15 19 33420;
    "Vauxhall" "Astra" 1992 2017 'C' "4dr Hatchback" 4 'R' 125 4 'F' 'M' "Hatchback" 36 50 20400;
    "Vauxhall" "Mokka" 2012 2017 'C' "4dr SUV" 4 'D' 136 4 'F' 'M' "Crossover,Diesel" 39 54 23900;
    "Vauxhall" "Vectra" 1996 2008 'M' "Sedan" 4 'R' 140 4 'F' 'M' "" 26 38 21300;
    "Volkswagen" "Beetle" 1998 2017 'C' "2dr Hatchback" 2 'R' 170 4 'F' 'A' "Hatchback" 24 33 19995;
    "Volkswagen" "Golf" 1990 2017 'C' "4dr Hatchback" 4 'R' 170 4 'F' 'M' "Hatchback" 25 36 19895;
    "Volkswagen" "Jetta" 1990 2017 'M' "Sedan" 4 'R' 150 4 'F' 'M' "" 28 40 17895;
    "Volkswagen" "Touareg" 2004 2017 'M' "4dr SUV" 4 'Q' 280 6 'A' 'A' "Crossover,Luxury" 17 23 49495;
    "Volvo" "S60" 2001 2017 'M' "Sedan" 4 'R' 240 4 'F' 'A' "Luxury" 25 36 34100;
    "Volvo" "V70" 1998 2010 'M' "Wagon" 4 'R' 235 6 'F' 'A' "Luxury" 18 27 33550;
    "Volvo" "XC90" 2003 2017 'M' "4dr SUV" 4 'Q' 250 4 'F' 'A' "Crossover,Luxury" 23 30 45750;
};
